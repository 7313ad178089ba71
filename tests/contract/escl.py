"""A network scanner of the tests' own: eSCL over HTTP on 127.0.0.1, which can be made to fail.

Written from what eSCL clients ask: capabilities, status, a job, its documents one by one, and taking it back.
"""

from __future__ import annotations

import io
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from PIL import Image

_SPACES = 'xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm" xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03"'
_INPUT = """<scan:MinWidth>16</scan:MinWidth><scan:MaxWidth>2550</scan:MaxWidth>
<scan:MinHeight>16</scan:MinHeight><scan:MaxHeight>{height}</scan:MaxHeight>
<scan:SettingProfiles><scan:SettingProfile>
<scan:ColorModes><scan:ColorMode>Grayscale8</scan:ColorMode><scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes>
<scan:DocumentFormats><pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat></scan:DocumentFormats>
<scan:SupportedResolutions><scan:DiscreteResolutions>{resolutions}</scan:DiscreteResolutions>
</scan:SupportedResolutions></scan:SettingProfile></scan:SettingProfiles>"""
_RESOLUTION = (
    "<scan:DiscreteResolution><scan:XResolution>{0}</scan:XResolution><scan:YResolution>{0}</scan:YResolution>"
    "</scan:DiscreteResolution>"
)


class Scanner:
    """What the server shows: set the fields from a test."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sheets = 3
        self.fault = ""
        """busy, jam, cover, empty, die (in mid-page), slow (a page that does not end), silent (no answer)."""
        self.asked: list[str] = []
        self.jobs: dict[str, dict[str, object]] = {}
        self.cancelled: list[str] = []
        self.ended = threading.Event()
        self.flowing = threading.Event()
        """Bytes of a page have begun to flow."""

    def capabilities(self) -> str:
        """Return the capabilities: a flatbed, and a feeder for one side or both."""
        glass = _INPUT.format(height=3508, resolutions="".join(map(_RESOLUTION.format, (100, 200, 300, 600))))
        feeder = _INPUT.format(height=4200, resolutions="".join(map(_RESOLUTION.format, (100, 200, 300))))
        return (
            f"<?xml version='1.0'?><scan:ScannerCapabilities {_SPACES}><pwg:Version>2.63</pwg:Version>"
            "<pwg:MakeAndModel>Mau Scan 3000</pwg:MakeAndModel><pwg:SerialNumber>000000</pwg:SerialNumber>"
            f"<scan:Platen><scan:PlatenInputCaps>{glass}</scan:PlatenInputCaps></scan:Platen>"
            f"<scan:Adf><scan:AdfSimplexInputCaps>{feeder}</scan:AdfSimplexInputCaps>"
            f"<scan:AdfDuplexInputCaps>{feeder}</scan:AdfDuplexInputCaps></scan:Adf></scan:ScannerCapabilities>"
        )

    def status(self) -> str:
        """Return the status: the machine's and the feeder's."""
        state = {"busy": "Processing", "jam": "Stopped", "cover": "Stopped"}.get(self.fault, "Idle")
        loaded = "ScannerAdfLoaded" if self.sheets else "ScannerAdfEmpty"
        feeder = {"jam": "ScannerAdfJam", "cover": "ScannerAdfDoorOpen", "empty": "ScannerAdfEmpty"}
        return (
            f"<?xml version='1.0'?><scan:ScannerStatus {_SPACES}><pwg:Version>2.63</pwg:Version>"
            f"<pwg:State>{state}</pwg:State><scan:AdfState>{feeder.get(self.fault, loaded)}</scan:AdfState>"
            "</scan:ScannerStatus>"
        )


@contextmanager
def serving() -> Iterator[Scanner]:
    """Run the server on a free port of 127.0.0.1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (_Handler,), {}))
    server.daemon_threads = True
    scanner = Scanner(f"http://127.0.0.1:{server.server_address[1]}/eSCL")
    server.RequestHandlerClass.scanner = scanner  # type: ignore[attr-defined]
    loop = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    loop.start()
    try:
        yield scanner
    finally:
        scanner.ended.set()
        server.shutdown()
        server.server_close()
        loop.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    scanner: ClassVar[Scanner]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:  # noqa: N802
        """Capabilities, status, the next document."""
        self.scanner.asked.append(f"GET {self.path}")
        if self.scanner.fault == "silent":
            self.scanner.ended.wait(30)
        elif self.path == "/eSCL/ScannerCapabilities":
            self._tell(200, self.scanner.capabilities())
        elif self.path == "/eSCL/ScannerStatus":
            self._tell(200, self.scanner.status())
        elif (found := re.fullmatch(r"/eSCL/ScanJobs/(\d+)/NextDocument", self.path)) is not None:
            self._document(found[1])
        else:
            self._tell(404, "")

    def do_POST(self) -> None:  # noqa: N802
        """A new job."""
        wish = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.scanner.asked.append(f"POST {self.path}")
        feeder = "Feeder" in wish
        if self.scanner.fault == "busy":
            return self._tell(503, "")
        if feeder and (self.scanner.fault in ("jam", "cover", "empty") or not self.scanner.sheets):
            return self._tell(409, "")

        def number(name: str) -> int:
            found = re.search(rf":{name}>(\d+)<", wish)
            assert found, name
            return int(found[1])

        sides = 2 if re.search(r":Duplex>true<", wish) else 1
        job = str(len(self.scanner.jobs) + 1)
        self.scanner.jobs[job] = {
            "size": (
                number("Width") * number("XResolution") // 300,
                number("Height") * number("YResolution") // 300,
            ),
            "mode": "RGB" if "RGB24" in wish else "L",
            "left": self.scanner.sheets * sides if feeder else 1,
            "sides": sides,
        }
        self.send_response(201)
        self.send_header("Location", f"{self.scanner.address}/ScanJobs/{job}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_DELETE(self) -> None:  # noqa: N802
        """A job is taken back."""
        self.scanner.cancelled.append(self.path)
        self._tell(200, "")

    def _document(self, job: str) -> None:
        wish = self.scanner.jobs.get(job)
        if wish is None or not wish["left"]:
            return self._tell(404, "")
        wish["left"] = int(str(wish["left"])) - 1
        width, height = wish["size"]  # type: ignore[misc]
        drawn = Image.linear_gradient("L").resize((width, height)).convert(str(wish["mode"]))
        memory = io.BytesIO()
        drawn.save(memory, "JPEG", quality=90)
        jpeg = memory.getvalue()
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(jpeg)))
        self.end_headers()
        if self.scanner.fault not in ("die", "slow"):
            self.wfile.write(jpeg)
            return
        self.wfile.write(jpeg[: len(jpeg) // 3])
        self.wfile.flush()
        self.scanner.flowing.set()
        if self.scanner.fault == "slow":
            self.scanner.ended.wait(30)
        else:
            time.sleep(0.05)
            # Gone as a scanner is whose plug was pulled: not one polite word more.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _tell(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

/* Comfort for recording: a button that records in the page and hands the sound in as a WAV file. Only where the browser lets
   a page hear (a secure context); everywhere else a file from any recorder is chosen. */
"use strict";

(() => {
  const field = document.querySelector("input[data-record]");
  if (!field || !window.isSecureContext || !navigator.mediaDevices || !window.AudioWorkletNode) return;
  const button = document.createElement("button");
  const told = document.createElement("p");
  button.type = "button";
  button.className = "button-main button-wide";
  button.textContent = field.dataset.record;
  told.setAttribute("role", "status");
  let end = null;

  const wav = (pieces, rate) => {
    const count = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const view = new DataView(new ArrayBuffer(44 + 2 * count));
    const word = (at, text) => Array.from(text).forEach((mark, i) => view.setUint8(at + i, mark.charCodeAt(0)));
    word(0, "RIFF");
    view.setUint32(4, 36 + 2 * count, true);
    word(8, "WAVEfmt ");
    [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, rate, 4], [28, 2 * rate, 4], [32, 2, 2], [34, 16, 2]].forEach(([at, value, size]) => {
      if (size === 4) view.setUint32(at, value, true); else view.setUint16(at, value, true);
    });
    word(36, "data");
    view.setUint32(40, 2 * count, true);
    let at = 44;
    pieces.forEach((piece) => piece.forEach((sample) => {
      view.setInt16(at, Math.max(-1, Math.min(1, sample)) * 32767, true);
      at += 2;
    }));
    return new File([view.buffer], "recording.wav", { type: "audio/wav" });
  };

  const record = async () => {
    const context = new AudioContext();
    const pieces = [];
    let stream;
    button.disabled = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: false, autoGainControl: true } });
      await context.audioWorklet.addModule("/static/ear.js");
      await context.resume();
    } catch {
      if (stream) stream.getTracks().forEach((track) => track.stop());
      context.close();
      told.textContent = field.dataset.denied;
      button.disabled = false;
      return;
    }
    const ear = new AudioWorkletNode(context, "ear", { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    ear.port.onmessage = (event) => pieces.push(event.data);
    context.createMediaStreamSource(stream).connect(ear);
    button.disabled = false;
    button.textContent = told.textContent = field.dataset.stop;
    const late = setTimeout(() => end(), (Number(field.dataset.most) - 1) * 1000);
    end = () => {
      end = null;
      clearTimeout(late);
      button.disabled = true;
      /* The last buffer is still on its way. */
      setTimeout(async () => {
        stream.getTracks().forEach((track) => track.stop());
        ear.disconnect();
        const rate = context.sampleRate;
        await context.close();
        const held = new DataTransfer();
        held.items.add(wav(pieces, rate));
        field.files = held.files;
        field.form.requestSubmit();
      }, 250);
    };
  };

  button.addEventListener("click", () => { if (end) end(); else record(); });
  field.closest(".field").before(button, told);
})();

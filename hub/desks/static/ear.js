/* Runs beside the page: hands every piece of sound that the microphone gives to recording.js. */
"use strict";

registerProcessor("ear", class extends AudioWorkletProcessor {
  process(inputs) {
    const heard = inputs[0][0];
    if (heard) this.port.postMessage(heard.slice());
    return true;
  }
});

// The webcam of this computer: its live picture, and its frames as JPEG, one unanswered at a time.
import { t } from "./words.js";

const WIDEST = 640; // pixels of a frame that is sent
const QUALITY = 0.8;
const ANSWER_MS = 15000; // the first answer may wait for the start of the vision process
const PROBLEMS = {
  NotAllowedError: t("The browser does not let this page use the webcam. Allow it with the camera sign in the address bar, then press Start again."),
  NotFoundError: t("No webcam was found on this computer. Connect one, or choose a camera of the hub."),
  NotReadableError: t("The webcam is in use by another program. Close that program, then press Start again."),
};

// {video, stop()}; `onEnded` is called when the webcam is unplugged. Throws an Error with a sentence.
export async function openWebcam(onEnded) {
  if (!navigator.mediaDevices) throw new Error(t("Browsers give the webcam only to pages of this computer or of https. Open this page at http://localhost, or choose a camera of the hub."));
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false });
  } catch (error) {
    throw new Error(PROBLEMS[error.name] ?? t("The webcam cannot be opened ({error}). Connect it again, then press Start again.", { error: error.name }));
  }
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  stream.getVideoTracks()[0].onended = onEnded;
  await video.play();
  return {
    video,
    stop() {
      for (const track of stream.getTracks()) { track.onended = null; track.stop(); }
      video.srcObject = null;
    },
  };
}

function scaled(source, width, height, widest) {
  const scale = Math.min(1, widest / Math.max(width, 1));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// Sends frames of a video, at most `fps` a second and never a second one before the first is answered.
// send(base64 JPEG) returns whether it was sent; sent() is the canvas of the last one.
export function sendFrames(video, fps, send) {
  let timer = 0;
  let waiting = false;
  let last = -Infinity;
  let canvas = null;

  function next(delay) {
    clearTimeout(timer);
    timer = setTimeout(pump, delay);
  }

  function pump() {
    const due = last + 1000 / fps - performance.now();
    if (due > 0) return next(due);
    if (!video.videoWidth) return next(100);
    canvas = scaled(video, video.videoWidth, video.videoHeight, WIDEST);
    if (!send(canvas.toDataURL("image/jpeg", QUALITY).split(",")[1])) return next(200);
    last = performance.now();
    waiting = true;
    next(ANSWER_MS);
  }

  pump();
  return {
    sent: () => canvas,
    answered(pause = 0) { if (waiting) { waiting = false; next(pause); } },
    restart() { waiting = false; next(0); },
    stop() { clearTimeout(timer); },
  };
}

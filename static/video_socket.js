// Frames of one or more cameras over /ws/video, drawn on arrival; a busy page skips frames instead of queueing them.

const utf8 = new TextDecoder();

// open("?camera=A", (frame) => ...) where frame = {camera, seq, timestamp, width, height, bitmap}; the caller closes the bitmap.
export function open(query, onFrame) {
  let socket = null;
  let pause = 500;
  let ended = false;
  let timer = 0;
  const waiting = new Map(); // camera -> its newest message that is not shown yet
  const busy = new Set();

  async function show(camera) {
    if (busy.has(camera)) return;
    busy.add(camera);
    try {
      while (waiting.has(camera) && !ended) {
        const { header, jpeg } = waiting.get(camera);
        waiting.delete(camera);
        try {
          onFrame({ ...header, bitmap: await createImageBitmap(jpeg) });
        } catch {
          // A corrupt picture is skipped.
        }
      }
    } finally {
      busy.delete(camera);
    }
  }

  function take(buffer) {
    const length = new DataView(buffer).getUint16(0);
    const header = JSON.parse(utf8.decode(new Uint8Array(buffer, 2, length)));
    waiting.set(header.camera, { header, jpeg: new Blob([new Uint8Array(buffer, 2 + length)], { type: "image/jpeg" }) });
    show(header.camera);
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/ws/video${query}`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => { pause = 500; take(event.data); };
    socket.onclose = () => {
      if (ended) return;
      timer = setTimeout(connect, pause + Math.random() * 300);
      pause = Math.min(pause * 1.7, 10000);
    };
  }
  connect();
  return { close() { ended = true; clearTimeout(timer); socket.close(); } };
}

export function draw(canvas, frame) {
  if (canvas.width !== frame.bitmap.width || canvas.height !== frame.bitmap.height) {
    canvas.width = frame.bitmap.width;
    canvas.height = frame.bitmap.height;
  }
  canvas.getContext("2d").drawImage(frame.bitmap, 0, 0);
  frame.bitmap.close();
  canvas.dataset.seq = frame.seq;
}

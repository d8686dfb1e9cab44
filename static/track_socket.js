// One tracking session over /video-stream/ID (docs/wire/tracking.md 1.4 to 1.6), which reconnects with the same id.

const TAKEN_OVER = 4001; // another connection uses this id; reconnecting would take it back, for ever
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10000;

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `page_${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

// onOpen() after every connect; onState(since, takenOver) with null or the Date since which
// there is no connection.
export function openSession({ onOpen, onMatches, onStatus, onState }) {
  const id = newId();
  let socket = null;
  let pause = FIRST_PAUSE;
  let ended = false;
  let timer = 0;
  let lostSince = null;

  function receive(message) {
    if (message.type === "matches") onMatches(message);
    else if (message.type === "status") onStatus(message.status, message.message);
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const mine = socket = new WebSocket(`${scheme}://${location.host}/video-stream/${id}`);
    mine.onopen = () => {
      if (ended) return;
      pause = FIRST_PAUSE;
      lostSince = null;
      onState(null);
      onOpen();
    };
    mine.onmessage = (event) => { if (!ended) receive(JSON.parse(event.data)); };
    mine.onclose = (event) => {
      if (ended) return;
      lostSince ??= new Date();
      if (event.code === TAKEN_OVER) ended = true;
      onState(lostSince, ended);
      if (ended) return;
      timer = setTimeout(connect, pause + Math.random() * 300);
      pause = Math.min(pause * 1.7, LONGEST_PAUSE);
    };
  }

  connect();
  return {
    id,
    get connected() { return socket.readyState === WebSocket.OPEN; },
    send(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    close() {
      if (ended) return;
      this.send({ type: "stop_tracking" });
      ended = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}

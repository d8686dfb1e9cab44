// The newest rings, live.
import { element, getJson, listen, moment } from "./live.js";

const list = document.getElementById("rings");

function row(ring) {
  return element("li", { text: `${ring.bell}, ${moment(ring.received_at)}` });
}

listen({
  onOpen: async () => list.replaceChildren(...(await getJson("/api/doorbells/rings")).rings.map(row)),
  onMessage: (message) => {
    if (message.event === "ring") list.prepend(row(message.ring));
  },
});

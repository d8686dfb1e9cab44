// The person that is looked for: reference pictures with previews, and the embedding that the hub made of them.
// All of it is in this tab only: sessionStorage, which the browser drops with the tab, survives a reload.
import { element } from "./live.js";
import { decoded, fileToJpeg } from "./track_images.js";
import { counted, said, t } from "./words.js";

const STORED = "gatehouse.track.person";
const MOST = 16; // pictures of one upload
const WIDEST = 1024;
const PREVIEW = 76; // pixels of a preview's height

async function request(address, method, body) {
  let response;
  let answer;
  try {
    response = await fetch(address, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    answer = await response.json();
  } catch {
    throw new Error(t("The hub cannot be reached. The pictures are still here; try again when it is back."));
  }
  if (!response.ok) throw Object.assign(new Error(said(answer.detail ?? answer.message)), { status: response.status });
  return answer;
}

// `list`, `told` and `again` are elements: the previews, a sentence, a button. onChange() after every change of `embedding`.
export function createPerson({ list, told, again, onChange }) {
  let pictures = []; // {data, box, found, used}
  let embedding = null;
  let persons = []; // every id that the hub gave out for these pictures
  let queue = Promise.resolve();
  let reading = 0;

  function say(text, bad = false) {
    told.textContent = text;
    told.classList.toggle("bad", bad);
  }

  function keep() {
    try {
      sessionStorage.setItem(STORED, JSON.stringify({ pictures, embedding, persons }));
    } catch {
      sessionStorage.removeItem(STORED); // too large; the person is then gone after a reload
    }
  }

  async function preview(picture, number) {
    const canvas = element("canvas", { role: "img", "aria-label": picture.found === false ? t("Reference picture {number}, no person found in it", { number }) : t("Reference picture {number}", { number }), height: PREVIEW, width: PREVIEW });
    const remove = element("button", { type: "button", class: "remove", "aria-label": t("Remove reference picture {number}", { number }), title: t("Remove"), text: "×" });
    remove.onclick = () => removePicture(picture);
    const node = element("li", {}, canvas, picture.found === false ? element("small", { text: t("no person") }) : null, remove);
    const image = await decoded(picture.data);
    canvas.width = Math.min(160, Math.round(PREVIEW * image.naturalWidth / image.naturalHeight));
    const context = canvas.getContext("2d");
    const scale = PREVIEW / image.naturalHeight;
    const left = (canvas.width - image.naturalWidth * scale) / 2;
    context.drawImage(image, left, 0, image.naturalWidth * scale, PREVIEW);
    if (picture.box) {
      const [x1, y1, x2, y2] = picture.box.map((value) => value * scale);
      context.lineWidth = 2;
      context.strokeStyle = "#35e08c";
      context.strokeRect(left + x1, y1, x2 - x1, y2 - y1);
    }
    return node;
  }

  let painting = 0;
  async function paint() {
    const mine = ++painting;
    const nodes = await Promise.all(pictures.map((picture, index) => preview(picture, index + 1)));
    if (mine !== painting) return;
    list.replaceChildren(...nodes);
    again.hidden = reading > 0 || pictures.every((picture) => picture.used);
  }

  function changed() {
    keep();
    paint();
    onChange();
  }

  function take(answer, sent) {
    embedding = answer.embedding;
    if (!persons.includes(answer.person)) persons.push(answer.person);
    sent.forEach((picture, index) => {
      picture.box = answer.boxes[index] ?? null;
      picture.found = picture.box !== null;
      picture.used = true;
    });
    const count = counted(pictures.length, "{count} picture read.", "{count} pictures read.");
    const numbered = sent.length > 1 && sent.length < pictures.length ? [t("Of the new ones:")] : [];
    say([count, ...(answer.warnings.length ? numbered : []), ...answer.warnings].join(" "));
  }

  function leaveOut(fresh) {
    pictures = pictures.filter((picture) => !fresh.includes(picture));
    say(counted(fresh.length, "No person was found in the new picture; it was not added. The others are used as before.", "No person was found in the new pictures; they were not added. The others are used as before."), true);
  }

  // New pictures improve the embedding, so that the person stays the same; otherwise all are read anew.
  async function read(all) {
    const fresh = pictures.filter((picture) => !picture.used);
    const sent = all || !embedding ? pictures : fresh;
    if (!sent.length) return;
    const body = { images: sent.map((picture) => picture.data) };
    if (sent !== pictures) body.embedding = embedding;
    try {
      const answer = await request("/upload-embedding", "POST", body);
      if (body.embedding && !answer.found) return leaveOut(fresh);
      take(answer, sent);
    } catch (error) {
      if (error.status === 422 && body.embedding) return read(true); // of another model or key by now
      throw error;
    }
  }

  // One change after the other: an upload must see what the one before it answered.
  function enqueue(work) {
    reading += 1;
    list.setAttribute("aria-busy", "true");
    queue = queue.then(work).catch((error) => say(error.message, true)).then(() => {
      reading -= 1;
      if (!reading) list.removeAttribute("aria-busy");
      changed();
    });
    return queue;
  }

  function addData(addresses) {
    return enqueue(async () => {
      if (!pictures.length) persons = []; // somebody else from now on
      const room = MOST - pictures.length;
      const added = addresses.slice(0, room);
      pictures.push(...added.map((data) => ({ data, box: null, found: null, used: false })));
      await paint();
      if (added.length) {
        say(counted(added.length, "Reading the picture…", "Reading {count} pictures…"));
        await read(false);
      }
      if (addresses.length > room) say(t("At most {count} pictures are used; remove some to add others.", { count: MOST }), true);
    });
  }

  async function addFiles(files) {
    const read = await Promise.allSettled([...files].slice(0, MOST + 1).map((file) => fileToJpeg(file, WIDEST)));
    const good = read.filter((one) => one.status === "fulfilled").map((one) => one.value);
    const bad = read.find((one) => one.status === "rejected");
    if (good.length) await addData(good);
    if (bad) say(bad.reason.message, true);
  }

  function removePicture(picture) {
    enqueue(async () => {
      pictures = pictures.filter((one) => one !== picture);
      if (!pictures.length) embedding = null;
      say("");
      if (picture.used && pictures.length) await read(true);
    });
  }

  function drop() {
    pictures = [];
    embedding = null;
    persons = [];
    changed();
    sessionStorage.removeItem(STORED);
  }

  // Delete the person at the hub, then here; nothing is dropped here before the hub has confirmed it.
  async function deletePerson() {
    await queue;
    try {
      let deleted = 0;
      let unfinished = false;
      for (const id of persons) {
        const answer = await request(`/api/tracking/persons/${encodeURIComponent(id)}`, "DELETE");
        deleted += answer.deleted;
        unfinished ||= answer.message.includes("background");
      }
      drop();
      say([counted(deleted, "Deleted, with {count} stored match.", "Deleted, with {count} stored matches."), unfinished ? t("More are being deleted in the background.") : "",
        t("Embeddings of this person are refused from now on.")].filter(Boolean).join(" "));
      return true;
    } catch (error) {
      say(t("Not deleted: {error}", { error: error.message }), true);
      return false;
    }
  }

  function restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(STORED));
      if (!kept) return;
      ({ pictures, embedding, persons } = kept);
      if (pictures.length) say(counted(pictures.length, "{count} picture of before the page was loaded again.", "{count} pictures of before the page was loaded again."));
    } catch {
      sessionStorage.removeItem(STORED);
    }
    changed();
  }

  again.onclick = () => enqueue(() => { say(t("Reading the pictures again…")); return read(true); });
  return {
    addFiles, addData, deletePerson, restore,
    // Offer to read the pictures again, after the hub has refused their embedding.
    offerAgain() { again.hidden = !pictures.length; },
    get embedding() { return embedding; },
    get persons() { return persons; },
    uses(address) { return pictures.some((picture) => picture.data === address && picture.used); },
  };
}

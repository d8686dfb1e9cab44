// The page that follows a person: reference pictures, a live picture with boxes, and the list of matches.
import { getJson, listen, moment } from "./live.js";
import { createAbout } from "./track_about.js";
import { around, cut, decoded, jpegAddress } from "./track_images.js";
import { createMatches } from "./track_matches.js";
import { createPerson } from "./track_person.js";
import { openSession } from "./track_socket.js";
import { createStage, distanceText } from "./track_stage.js";
import { openWebcam, sendFrames } from "./track_webcam.js";
import { draw, open as openVideo } from "./video_socket.js";
import { counted, said, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const FPS = 6;
const ERROR_PAUSE = 1000; // milliseconds until the next frame after one that could not be analysed
const TROUBLE_MS = 5000; // a sentence stays at least this long
const RETRY_MS = 5000;
const REFRESH_MS = 3000; // of the list of cameras

const sourceSelect = byId("source");
const threshold = byId("threshold");
const picture = byId("picture");
const stage = createStage(byId("frame"), picture, byId("boxes"));
let fps = FPS;
let running = null;  // {kind, name, stop(), video}
let session = null;  // the socket, while there is somebody to look for
let frames = null;   // the sender of the webcam's frames
let oldClosings = 0; // `video_closed` that belong to an earlier start
let troubleAt = 0;
let overviewTrouble = null; // the sentence shown while /api/tracking has no answer
let overviewTimer = 0;
let chosen = false;  // whether the user has moved the slider

const about = createAbout({ select: sourceSelect, ability: byId("ability"), model: byId("model"), keeping: byId("keeping") });
const limit = () => Number(threshold.value);
const person = createPerson({ list: byId("pictures"), told: byId("person-told"), again: byId("again"), onChange: personChanged });
const matches = createMatches({
  holder: byId("matches"), count: byId("match-count"), empty: byId("no-matches"),
  onUse: async (address) => { await person.addData([address]); return person.uses(address); },
});

function setState(text, shade = "") {
  const node = byId("state");
  if (node.textContent !== text) node.textContent = text;
  node.className = `state ${shade}`;
}

function trouble(text) {
  if (byId("look-trouble").textContent !== text) byId("look-trouble").textContent = text;
  troubleAt = performance.now();
}

function settled() {
  if (byId("look-trouble").textContent && performance.now() - troubleAt > TROUBLE_MS) byId("look-trouble").textContent = "";
}

function showState() {
  if (!running) setState(person.embedding ? t("Ready. Press Start.") : t("Add a picture of the person, then press Start."));
  else if (!person.embedding) setState(running.kind === "named" ? t("Add a picture of the person.") : t("Add a picture of the person, or use this one."), "pending");
  else setState(t("Looking for the person."), "good");
  byId("start").textContent = running ? t("Stop") : t("Start");
  byId("start").classList.toggle("stop", Boolean(running));
  byId("snap").hidden = !running || running.kind === "named";
  byId("delete").disabled = !person.persons.length;
  sourceSelect.disabled = Boolean(running);
}

function wanted() {
  return { person_embed: person.embedding, max_distance: limit(), others: true, crops: true };
}

// Hub cameras and named sources: the hub reads them, so a change needs a new start.
function startSource() {
  if (!session?.connected || !running || running.kind === "webcam") return;
  if (running.started) oldClosings += 1;
  running.started = person.embedding;
  session.send({ type: "start_tracking", video_source: running.name, fps_limit: fps, ...wanted() });
}

function onOpen() {
  oldClosings = 0;
  if (!running) return;
  running.started = null;
  showState();
  if (running.kind === "webcam") {
    if (frames) frames.restart();
    else frames = sendFrames(running.video, fps, (frame) => {
      if (!session?.connected) return false;
      session.send({ type: "single_frame", frame, ...wanted() });
      return true;
    });
  } else startSource();
}

function cropOf(match, width, height) {
  const source = frames ? frames.sent() : running.kind === "camera" ? picture : null;
  const own = jpegAddress(match.crop);
  if (!source?.width) return { address: own, picture: own };
  const scale = source.width / width;
  const wide = cut(source, around(match.bbox, 0.35, width, height).map((value) => value * scale), 640);
  const small = own ?? cut(source, around(match.bbox, 0, width, height).map((value) => value * scale), 144).toDataURL("image/jpeg", 0.85);
  return { address: small, picture: wide.toDataURL("image/jpeg", 0.9) };
}

// A source without a picture gets at least those of the matches, in their boxes.
async function showPeople(found, width, height) {
  const mine = session;
  if (running.kind === "named") {
    for (const one of found) one.image = await decoded(jpegAddress(one.crop) ?? "").catch(() => null);
    if (session !== mine) return;
  }
  stage.show(found, width, height);
}

function onMatches(message) {
  if (!running) return;
  const { width, height, frame_number: number, people } = message.frame_info;
  const found = [...message.matches, ...(message.others ?? [])];
  if (running.kind === "named") stage.shape(width, height);
  showPeople(found, width, height);
  const hits = found.filter((one) => one.distance < limit());
  for (const match of hits) matches.add(match, running.label, number, () => cropOf(match, width, height));
  byId("seen").textContent = [counted(people ?? found.length, "{count} person", "{count} people"), counted(hits.length, "{count} match", "{count} matches")].join(t(", "));
  frames?.answered();
  settled();
}

function onStatus(status, text) {
  if (status === "error") {
    trouble(said(text));
    if (text.toLowerCase().includes("embedding")) {
      person.offerAgain();
      setState(t("Not looking: the hub does not take the embedding of these pictures."), "bad");
    }
    frames?.answered(ERROR_PAUSE);
  } else if (status === "warning") {
    trouble(said(text));
  } else if (status === "video_closed") {
    if (oldClosings) oldClosings -= 1;
    else if (running && running.kind !== "webcam") ended();
  }
}

function ended() {
  const { shown } = running;
  stop();
  setState(t("{source} has ended. Press Start to open it again.", { source: shown }), "pending");
}

function onConnection(lostSince, takenOver = false) {
  if (!running) return;
  if (!lostSince) return showState();
  if (takenOver) {
    stop();
    return setState(t("Another connection uses this session now. Press Start to begin a new one."), "bad");
  }
  stage.clearBoxes();
  byId("seen").textContent = "";
  setState(t("No connection to the hub since {time}; trying again.", { time: moment(lostSince.getTime()) }), "bad");
}

// Looks for the person as soon as there are both: an open source and an embedding.
function follow() {
  if (running && person.embedding) {
    if (!session) session = openSession({ onOpen, onMatches, onStatus, onState: onConnection });
    else if (running.started !== person.embedding) startSource();
  } else {
    session?.close();
    session = null;
    frames?.stop();
    frames = null;
    stage.clearBoxes();
    byId("seen").textContent = "";
  }
}

function personChanged() {
  follow();
  showState();
}

async function openSource(kind, name) {
  if (kind === "webcam") {
    const webcam = await openWebcam(() => { stop(); trouble(t("The webcam was unplugged. Connect it again, then press Start.")); });
    stage.playVideo(webcam.video);
    return { kind, name: 0, label: t("webcam"), shown: t("The webcam"), video: webcam.video, stop: webcam.stop };
  }
  if (kind === "camera") {
    const video = openVideo(`?camera=${encodeURIComponent(name)}`, (frame) => {
      stage.shape(frame.width, frame.height);
      draw(picture, frame);
      byId("nothing").hidden = true;
    });
    return { kind, name, label: name, shown: t("Camera {name}", { name }), stop: video.close };
  }
  return { kind, name, label: name, shown: t("Source {name}", { name }), stop() {} };
}

async function start() {
  const [kind, name] = sourceSelect.value.split(/:(.*)/s);
  byId("look-trouble").textContent = "";
  byId("start").disabled = true;
  stage.clear();
  try {
    running = await openSource(kind, name);
  } catch (error) {
    trouble(error.message);
    return;
  } finally {
    byId("start").disabled = false;
  }
  byId("nothing").hidden = kind === "webcam";
  byId("frame").classList.toggle("blank", kind === "named");
  byId("nothing").textContent = kind === "named" ? t("This source is followed without its picture; boxes show where people are.") : t("Waiting for the camera's next picture.");
  personChanged();
}

function stop() {
  running?.stop();
  running = null;
  follow();
  stage.clear();
  byId("nothing").hidden = false;
  byId("frame").classList.remove("blank");
  byId("nothing").textContent = t("The live picture appears here.");
  showState();
}

async function loadStored() {
  for (const id of person.persons) {
    const body = await getJson(`/api/tracking/matches?person=${encodeURIComponent(id)}&limit=50`);
    matches.addStored(body.matches);
  }
}

async function loadOverview() {
  const body = await getJson("/api/tracking");
  about.show(body);
  fps = Math.min(FPS, body.max_fps ?? FPS);
  if (!chosen) {
    threshold.max = String(Math.max(1, body.max_distance));
    threshold.value = String(body.max_distance);
    byId("usual").textContent = t("(usual {distance})", { distance: distanceText(body.max_distance) });
    showLimit();
  }
  if (body.keep_matches) await loadStored();
}

// The vision process may still be starting: try again, and meanwhile offer what is known.
function overview() {
  return loadOverview().then(() => { if (byId("look-trouble").textContent === overviewTrouble) trouble(""); }, (error) => {
    overviewTrouble = error.message;
    trouble(overviewTrouble);
    about.refreshCameras().catch(() => {});
    clearTimeout(overviewTimer);
    overviewTimer = setTimeout(overview, RETRY_MS);
  });
}

function showLimit() {
  byId("limit").textContent = distanceText(limit());
  threshold.setAttribute("aria-valuetext", t("distance {distance}", { distance: distanceText(limit()) }));
  stage.setLimit(limit());
  matches.setLimit(limit());
}

function askDelete() {
  const dialog = byId("really");
  dialog.showModal();
  dialog.onclose = async () => {
    if (dialog.returnValue !== "delete") return;
    stop();
    if (await person.deletePerson()) matches.clear();
    showState();
  };
}

byId("start").onclick = () => (running ? stop() : start());
byId("snap").onclick = () => { if (picture.width) person.addData([cut(picture, [0, 0, picture.width, picture.height], 1024).toDataURL("image/jpeg", 0.9)]); };
byId("delete").onclick = askDelete;
byId("files").onchange = (event) => { const { files } = event.target; person.addFiles(files).finally(() => { event.target.value = ""; }); };
threshold.oninput = () => { chosen = true; showLimit(); };
threshold.onchange = startSource;
setInterval(() => { about.refreshCameras().catch(() => {}); }, REFRESH_MS);

const dropZone = byId("drop");
for (const name of ["dragenter", "dragover"]) document.addEventListener(name, (event) => { event.preventDefault(); dropZone.classList.add("over"); });
for (const name of ["dragleave", "drop"]) document.addEventListener(name, (event) => { event.preventDefault(); if (name === "drop" || !event.relatedTarget) dropZone.classList.remove("over"); });
document.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) person.addFiles(event.dataTransfer.files); });
document.addEventListener("paste", (event) => { if (event.clipboardData.files.length) person.addFiles(event.clipboardData.files); });
window.addEventListener("pagehide", stop);

showLimit();
person.restore();
showState();
// The model may still be loaded: the connection is there all the same.
listen({ onMessage: () => {}, onOpen: () => { overview(); } });

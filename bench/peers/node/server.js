// The peer of bench/ingest.py: takes the same records as the hub and keeps the same promise (answered after a commit with
// synchronous=FULL, stored once), with the packages that an integrator would pick. Records that wait while a commit runs go
// into the next one together.
"use strict";
const crypto = require("crypto");
const http = require("http");
const express = require("express");
const { Server } = require("socket.io");
const Database = require("better-sqlite3");

const [port, path] = [Number(process.argv[2]), process.argv[3]];
const db = new Database(path);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`
  CREATE TABLE records (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, event_key BLOB UNIQUE, event_id TEXT, camera_id TEXT, checkpoint_id TEXT,
    timestamp TEXT, occurred_at REAL, received_at REAL, vehicles_count INTEGER, plates_count INTEGER, body TEXT);
  CREATE INDEX records_camera ON records (camera_id, seq);
  CREATE INDEX records_checkpoint ON records (checkpoint_id, seq);
  CREATE INDEX records_occurred ON records (occurred_at);
  CREATE TABLE plates (record_seq INTEGER, position INTEGER, text TEXT, plate TEXT, confidence REAL, box TEXT, PRIMARY KEY (record_seq, position));
  CREATE INDEX plates_plate ON plates (plate, record_seq);
  CREATE TABLE pictures (record_seq INTEGER, position INTEGER, data BLOB, PRIMARY KEY (record_seq, position));
  CREATE TABLE tallies (kind TEXT, key TEXT, count INTEGER, PRIMARY KEY (kind, key)) WITHOUT ROWID;
`);
const find = db.prepare("SELECT id FROM records WHERE event_key = ?");
const insert = db.prepare("INSERT INTO records (id, event_key, event_id, camera_id, checkpoint_id, timestamp, occurred_at, received_at, vehicles_count, plates_count, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
const insertPlate = db.prepare("INSERT INTO plates VALUES (?, ?, ?, ?, ?, ?)");
const insertPicture = db.prepare("INSERT INTO pictures VALUES (?, ?, ?)");
const tally = db.prepare("INSERT INTO tallies VALUES (?, ?, 1) ON CONFLICT (kind, key) DO UPDATE SET count = count + 1");

let total = 0;
let waiting = [];
let scheduled = false;

function parse(data) {
  if (data === null || typeof data !== "object" || Array.isArray(data) || !data.camera_id) throw new Error("This is nobody's record.");
  const list = (value) => (typeof value === "string" ? JSON.parse(value) : value || []);
  const ocr = list(data.ocr_results);
  const plates = ocr.map((item) => (typeof item === "string" ? { text: item } : item)).map((item) => ({
    text: item.text, plate: String(item.text).normalize("NFKC").toUpperCase().replace(/[^\p{L}\p{N}\p{M}]/gu, ""), confidence: item.confidence ?? null, box: item.bbox ?? null,
  }));
  let picture = null;
  if (data.original_image) {
    picture = Buffer.from(data.original_image, "base64");
    if (picture[0] !== 0xff || picture[1] !== 0xd8) picture = null;
  }
  const content = data.event_id ? ["id", data.camera_id, data.event_id] : [data.camera_id, data.checkpoint_id, data.timestamp, data.created_at, ocr];
  return {
    id: crypto.randomUUID(), key: crypto.createHash("md5").update(JSON.stringify(content)).digest(), data, ocr, plates, picture,
    vehicles: list(data.vehicle_detections), boxes: list(data.plate_detections), occurred: Date.parse(data.timestamp) / 1000, received: Date.now() / 1000,
  };
}

const commit = db.transaction((batch) => {
  for (const { record } of batch) {
    const before = find.get(record.key);
    if (before) {
      record.id = before.id;
      record.duplicate = true;
      continue;
    }
    const { data } = record;
    const body = JSON.stringify({ ocr_results: record.ocr, vehicle_detections: record.vehicles, plate_detections: record.boxes, processing_time_ms: data.processing_time_ms });
    const seq = insert.run(record.id, record.key, data.event_id ?? "", String(data.camera_id), String(data.checkpoint_id), data.timestamp, record.occurred,
      record.received, data.vehicles_count, data.plates_count, body).lastInsertRowid;
    record.plates.forEach((plate, position) => insertPlate.run(seq, position, plate.text, plate.plate, plate.confidence, JSON.stringify(plate.box)));
    if (record.picture) insertPicture.run(seq, 0, record.picture);
    tally.run("detections", "");
    tally.run("detections_day", new Date().toISOString().slice(0, 10));
    tally.run("camera", String(data.camera_id));
    tally.run("checkpoint", String(data.checkpoint_id));
    for (const plate of record.plates) tally.run("plate", plate.plate);
  }
});

function flush() {
  scheduled = false;
  const batch = waiting;
  waiting = [];
  commit(batch);
  for (const { record, done } of batch) {
    if (!record.duplicate) {
      total += 1;
      io.to("dashboard").emit("new_detection", { detection_id: record.id, camera_id: record.data.camera_id, checkpoint_id: record.data.checkpoint_id, ocr_results: record.ocr });
    }
    done(record);
  }
}

function store(record, done) {
  waiting.push({ record, done });
  if (!scheduled) {
    scheduled = true;
    setImmediate(flush);
  }
}

const reply = (record, message) => ({
  success: true, message, detection_id: record.id, camera_id: record.data.camera_id, checkpoint_id: record.data.checkpoint_id, timestamp: new Date().toISOString(),
  ...(record.duplicate ? { duplicate: true } : {}),
});

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.use(express.json({ limit: "64mb" }));
app.post("/api/detection", (request, response) => {
  let record;
  try {
    record = parse(request.body);
  } catch (error) {
    response.status(400).json({ success: false, message: error.message });
    return;
  }
  store(record, (stored) => response.json(reply(stored, "Detection data received")));
});
app.get("/api/statistics", (_request, response) => response.json({ success: true, data: { total_detections: total } }));

const server = http.createServer(app);
const io = new Server(server, { maxHttpBufferSize: 64e6, perMessageDeflate: false });
io.on("connection", (socket) => {
  socket.on("join_dashboard", () => socket.join("dashboard"));
  socket.on("lpr_data", (data, acknowledge) => {
    let record;
    try {
      record = parse(data);
    } catch (error) {
      socket.emit("error", { success: false, message: error.message });
      return;
    }
    store(record, (stored) => {
      const body = reply(stored, "LPR data received successfully");
      socket.emit("lpr_response", body);
      if (acknowledge) acknowledge(body);
    });
  });
});
server.keepAliveTimeout = 60_000;
server.listen(port, "127.0.0.1");

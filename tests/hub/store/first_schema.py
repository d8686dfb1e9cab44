"""The database of the hub before it had schema revisions, as its SQLite file said, and a row of each table."""

from __future__ import annotations

TABLES = """
CREATE TABLE tag_readings (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    board TEXT NOT NULL,
    tag_id INTEGER,
    received_at FLOAT NOT NULL,
    clock FLOAT,
    door TEXT NOT NULL,
    source TEXT NOT NULL,
    payload TEXT NOT NULL
);
CREATE INDEX tag_readings_tag ON tag_readings (tag_id, received_at);
CREATE INDEX tag_readings_received ON tag_readings (received_at);
CREATE INDEX tag_readings_board ON tag_readings (board, received_at);
CREATE TABLE device_registrations (
    id TEXT NOT NULL,
    serial TEXT NOT NULL,
    status TEXT NOT NULL,
    fields TEXT NOT NULL,
    registered_at FLOAT NOT NULL,
    last_seen FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (serial)
);
CREATE TABLE lpr_records (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    event_key BLOB NOT NULL,
    event_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    created_at TEXT NOT NULL,
    occurred_at FLOAT NOT NULL,
    received_at FLOAT NOT NULL,
    vehicles_count INTEGER NOT NULL,
    plates_count INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (id),
    UNIQUE (event_key)
);
CREATE INDEX lpr_records_occurred ON lpr_records (occurred_at);
CREATE INDEX lpr_records_camera ON lpr_records (camera_id, seq);
CREATE INDEX lpr_records_checkpoint ON lpr_records (checkpoint_id, seq);
CREATE TABLE lpr_health (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    event_key BLOB NOT NULL,
    event_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    component TEXT NOT NULL,
    status TEXT NOT NULL,
    raw_status TEXT NOT NULL,
    message TEXT NOT NULL,
    details TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    created_at TEXT NOT NULL,
    occurred_at FLOAT NOT NULL,
    received_at FLOAT NOT NULL,
    warnings TEXT NOT NULL,
    UNIQUE (id),
    UNIQUE (event_key)
);
CREATE INDEX lpr_health_received ON lpr_health (received_at);
CREATE INDEX lpr_health_camera ON lpr_health (camera_id, seq);
CREATE TABLE lpr_cameras (
    camera_id TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    registered_at FLOAT NOT NULL,
    last_seen FLOAT NOT NULL,
    address TEXT NOT NULL,
    door TEXT NOT NULL,
    PRIMARY KEY (camera_id)
);
CREATE TABLE lpr_components (
    camera_id TEXT NOT NULL,
    component TEXT NOT NULL,
    health_seq INTEGER NOT NULL,
    status TEXT NOT NULL,
    message TEXT NOT NULL,
    details TEXT NOT NULL,
    occurred_at FLOAT NOT NULL,
    received_at FLOAT NOT NULL,
    PRIMARY KEY (camera_id, component)
);
CREATE TABLE lpr_tallies (
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, "key")
) WITHOUT ROWID;
CREATE TABLE captures (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    station TEXT NOT NULL,
    received_at FLOAT NOT NULL,
    captured_at FLOAT NOT NULL,
    timestamp TEXT NOT NULL,
    tag TEXT NOT NULL,
    tags TEXT NOT NULL,
    tag_source TEXT NOT NULL,
    tag_timestamp_iso TEXT NOT NULL,
    started_ts FLOAT,
    finished_ts FLOAT,
    success BOOLEAN NOT NULL,
    number TEXT NOT NULL,
    raw_text TEXT NOT NULL,
    message TEXT NOT NULL,
    errors TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    primary_image TEXT NOT NULL,
    secondary_image TEXT NOT NULL,
    label_image TEXT NOT NULL,
    warnings TEXT NOT NULL,
    unread TEXT NOT NULL,
    UNIQUE (station, event_id),
    UNIQUE (id)
);
CREATE INDEX captures_number ON captures (number, seq);
CREATE INDEX captures_captured ON captures (captured_at);
CREATE TABLE stations (
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    seen_at FLOAT NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE watchlist (
    id TEXT NOT NULL,
    plate TEXT NOT NULL,
    normalised TEXT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    "match" TEXT NOT NULL,
    expires_at FLOAT,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_watchlist_normalised ON watchlist (normalised);
CREATE TABLE lpr_plates (
    record_seq INTEGER NOT NULL,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    plate TEXT NOT NULL,
    confidence FLOAT,
    box TEXT,
    PRIMARY KEY (record_seq, position),
    FOREIGN KEY(record_seq) REFERENCES lpr_records (seq) ON DELETE CASCADE
);
CREATE INDEX lpr_plates_plate ON lpr_plates (plate, record_seq);
CREATE TABLE capture_tags (
    capture_seq INTEGER NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (capture_seq, tag),
    FOREIGN KEY(capture_seq) REFERENCES captures (seq) ON DELETE CASCADE
);
CREATE INDEX capture_tags_tag ON capture_tags (tag, capture_seq);
"""

ROWS = """
INSERT INTO captures VALUES (4, '11111111-1111-4111-8111-111111111111', 'event-1', 'gate', 1790000000.5,
    1789999999.25,
    '2026-09-21T15:33:19', 'E200AA', '["E200AA"]', 'SHORT14', '', 1789999999.25, NULL, 1, '12345', '12345', 'ok',
    '[]', 1,
    'E200AA_primary_1.jpg', '', '', '[]', '');
INSERT INTO capture_tags VALUES (4, 'E200AA');
INSERT INTO stations VALUES ('gate', '{"station": "gate", "state": "waiting"}', 1790000000.5);
INSERT INTO lpr_records VALUES (9, '22222222-2222-4222-8222-222222222222', x'000102030405060708090a0b0c0d0e0f',
    'E-1', 'cam',
    'north', '2026-09-21T15:33:19', '', 1789999999.0, 1790000000.0, 1, 1,
    '{"ocr_results":["AB 12"],"vehicle_detections":[],"plate_detections":[],"processing_time_ms":null,"place":{},'
    || '"unread":{},"warnings":[],"watchlist":[],"door":"rest","pictures":{}}');
INSERT INTO lpr_plates VALUES (9, 0, 'AB 12', 'AB12', 0.9, '[1.0,2.0,3.0,4.0]');
INSERT INTO lpr_health VALUES (3, '33333333-3333-4333-8333-333333333333', x'0f0e0d0c0b0a09080706050403020100', '',
    'cam', 'north',
    'Camera', 'error', 'FAIL', 'dark', '{}', '', '', 1789999999.0, 4102444800.0, '[]');
INSERT INTO lpr_cameras VALUES ('cam', 'north', 1789000000.0, 1790000000.0, '10.0.0.1', 'rest');
INSERT INTO lpr_components VALUES ('cam', 'Camera', 3, 'error', 'dark', '{}', 1789999999.0, 1790000000.0);
INSERT INTO lpr_tallies VALUES ('detections', '', 1), ('camera', 'cam', 1), ('checkpoint', 'north', 1), ('plate',
    'AB12', 1),
    ('health', '', 1), ('camera_health', 'cam', 1);
INSERT INTO watchlist VALUES ('44444444-4444-4444-8444-444444444444', 'AB 12', 'AB12', 'deny', 'stolen', '',
    'exact', NULL,
    1790000000.0);
INSERT INTO device_registrations VALUES ('55555555-5555-4555-8555-555555555555', 'edge-1', 'pending_approval',
    '{"sent":{"device_model":"rpi"}}', 1790000000.0, 1790000000.0);
INSERT INTO tag_readings VALUES (7, '10.0.0.9', 5, 4102444800.0, NULL, 'udp', '', '{"tag_id":5,"x_cm":1.5}');
"""

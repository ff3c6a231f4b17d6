-- Pratinjau Tagihan: the set of bills that somebody approved before its month. The run issues that set; what differs by then
-- is parked and shown.
CREATE TABLE rehearsal (
  id INTEGER PRIMARY KEY,
  period TEXT NOT NULL,
  set_hash TEXT NOT NULL,
  bills BIGINT NOT NULL,
  total BIGINT NOT NULL,
  -- 'asked': too much differed when its run came, and nothing was issued.
  state TEXT NOT NULL CHECK (state IN ('approved', 'asked', 'used', 'cancelled')),
  differing BIGINT NOT NULL,
  who TEXT NOT NULL,
  staff_id BIGINT REFERENCES staff(id),
  approved_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX rehearsal_open ON rehearsal (period) WHERE state IN ('approved', 'asked');
CREATE TABLE rehearsal_line (
  rehearsal_id BIGINT NOT NULL REFERENCES rehearsal(id),
  service_id BIGINT NOT NULL REFERENCES service(id),
  kind TEXT NOT NULL,
  total BIGINT NOT NULL,
  PRIMARY KEY (rehearsal_id, service_id)
);
-- What was left out of a run because it differed: -1 where there was no bill on that side.
CREATE TABLE issue_parked (
  id INTEGER PRIMARY KEY,
  period TEXT NOT NULL,
  service_id BIGINT NOT NULL REFERENCES service(id),
  approved_total BIGINT NOT NULL,
  now_total BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'issued', 'dropped')),
  who TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX issue_parked_open ON issue_parked (period, service_id) WHERE state = 'open';

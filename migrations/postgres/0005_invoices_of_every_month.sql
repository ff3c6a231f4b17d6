-- The bills of every month are walked by status in the order of their numbers, each from an index that holds no other.
CREATE INDEX invoice_open ON invoice (id, status, due_on) WHERE status IN ('open', 'partial');
CREATE INDEX invoice_void ON invoice (id) WHERE status = 'void';

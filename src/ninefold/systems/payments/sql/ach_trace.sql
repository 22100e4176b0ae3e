-- name: ach_trace_take$
-- Take some numbers for trace numbers of a bank; returns the last of them. After the largest, they begin at 1 again.
INSERT INTO payments.ach_trace (bank, last_sequence)
VALUES (:bank, :count)
ON CONFLICT (bank) DO UPDATE
    SET
        last_sequence = CASE
            WHEN ach_trace.last_sequence + :count > 9999999 THEN :count
            ELSE ach_trace.last_sequence + :count
        END
RETURNING last_sequence;

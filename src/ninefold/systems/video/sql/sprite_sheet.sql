-- name: sprite_sheet_insert$
-- Insert a sheet of small pictures, if it isn't there yet.
INSERT INTO video.sprite_sheet (
    title_id, number, blob_id, start_us, interval_us, pictures, columns, width, height
)
VALUES (
    :title_id, :number, :blob_id, :start_us, :interval_us, :pictures, :columns, :width, :height
)
ON CONFLICT DO NOTHING
RETURNING number;

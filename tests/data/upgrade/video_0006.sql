UPDATE video.title
SET warnings = '{"The file says 4.0 s; 2.7 s could be read. What is missing was damaged or cut off."}'
WHERE title_id = '01900000-0000-7000-8000-0000000f0001';

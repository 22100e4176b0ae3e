INSERT INTO video.recommendation_model (organisation_id, trained_at, kind, why, profiles, titles, watches)
VALUES ('01900000-0000-7000-8000-000000000001', now(), 'popularity', 'Too little was watched.', 1, 1, 1);

SELECT 1; DO $a$ ; $b$;

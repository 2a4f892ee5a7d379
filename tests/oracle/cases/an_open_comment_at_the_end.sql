SELECT 1; /* /* ; */

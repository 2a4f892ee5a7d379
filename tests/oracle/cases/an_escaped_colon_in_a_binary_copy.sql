SELECT 1;
copy binary from stdin\:;f
SELECT 'a;'
  'b;'

  'c;'; SELECT E'a\';'
 'b;'; SELECT 'a' -- ;'
 'b;'; SELECT 'a;

;b';

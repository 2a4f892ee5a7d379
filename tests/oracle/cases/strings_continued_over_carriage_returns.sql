SELECT E'a''\';'; SELECT E'a'
'b'; SELECT E'a'  -- ' '\';'; SELECT 'a''b;';

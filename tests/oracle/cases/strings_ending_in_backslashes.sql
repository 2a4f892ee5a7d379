SELECT 'C:\'; SELECT E'C:\\'; SELECT E'a\';b'; SELECT 'a\''; b'; SELECT E'a\'';b'; SELECT n'\'; SELECT b'\'; SELECT x'\';

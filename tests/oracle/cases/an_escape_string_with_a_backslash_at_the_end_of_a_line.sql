SELECT E'a\
'; SELECT E'b\
\';c'; SELECT E'\\
';

SELECT U&'d!0061t!+000061' UESCAPE '!'; SELECT U&"d;a" UESCAPE ';'; SELECT u&'\'; SELECT U&'a'';b'; SELECT u & 'x;y'; SELECT U&x;

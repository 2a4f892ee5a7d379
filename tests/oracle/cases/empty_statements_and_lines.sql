;;

SELECT 1


+ 2

;
;  ; -- ;
/* ; */ ;
SELECT 'a


b';


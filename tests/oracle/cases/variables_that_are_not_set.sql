SELECT :a, :'b;c', :"d", :: text, a::text, ':e', :{, a[1:b] ; SELECT :a;

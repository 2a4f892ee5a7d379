SET search_path = '';
UPDATE public.t SET c = c + 1;

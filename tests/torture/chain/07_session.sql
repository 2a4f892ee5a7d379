SET search_path = '';
CREATE VIEW public.v AS SELECT count(*) FROM public.t;
INSERT INTO public.effect VALUES ('07');

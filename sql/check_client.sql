-- Has the server notice soon that this runner is gone, so that its locks do not linger. Servers before 14 do not know the
-- parameter, and a role that has it set keeps its own; where the server's system cannot do it this is an error.
SELECT CASE WHEN current_setting('client_connection_check_interval', true) = '0'
            THEN set_config('client_connection_check_interval', '5s', false) END

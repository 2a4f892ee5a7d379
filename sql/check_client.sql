-- Has the server notice soon that this runner is gone, so that its locks do not linger: while a statement runs, by looking at the
-- connection, and of a machine that vanished within a minute, by TCP's own probes, which are otherwise sent after two hours. Servers
-- before 14 do not know the first parameter, and a role that has them set keeps its own; where the server's system cannot do it this
-- is an error. Over a unix socket the probes' parameters are 0.
SELECT CASE WHEN current_setting('client_connection_check_interval', true) = '0'
            THEN set_config('client_connection_check_interval', '5s', false) END,
       CASE WHEN current_setting('tcp_keepalives_idle')::integer > 60
            THEN concat(set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
                        set_config('tcp_keepalives_count', '3', false)) END

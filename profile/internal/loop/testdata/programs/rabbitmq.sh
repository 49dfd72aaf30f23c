# program: RabbitMQ
# packages: rabbitmq-server
# needs: /usr/lib/rabbitmq/bin/rabbitmq-server
PATH=/usr/lib/rabbitmq/bin:$PATH
export RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_MNESIA_BASE=/tmp/mnesia RABBITMQ_LOG_BASE=/tmp/log RABBITMQ_ENABLED_PLUGINS_FILE=/tmp/plugins
export RABBITMQ_SERVER_ERL_ARGS='+S 2:2 +SDio 1 +sbwt none +sbwtdio none +sbwtdcpu none' RABBITMQ_CTL_ERL_ARGS='+S 1:1 +sbwt none'
export RABBITMQ_CONF_ENV_FILE=/tmp/none RABBITMQ_PID_FILE=/tmp/rabbit.pid RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
start() {
	rabbitmq-server >/tmp/out 2>&1 &
	server=$!
}
ready() { ask 5672 nonsense 2>/dev/null | grep -q AMQP; }
work() {
	rabbitmqctl -q eval '
		Q = rabbit_misc:r(<<"/">>, queue, <<"q">>),
		{new, _} = rabbit_amqqueue:declare(Q, true, false, [], none, <<"me">>),
		X = rabbit_exchange:lookup_or_die(rabbit_misc:r(<<"/">>, exchange, <<>>)),
		[rabbit_basic:publish(X, <<"q">>, [{delivery_mode, 2}], <<"text">>) || _ <- lists:seq(1, 100)],
		ok = rabbit_auth_backend_internal:add_user(<<"me">>, <<"secret">>, <<"me">>),
		[amqqueue:is_durable(Q1) || Q1 <- rabbit_amqqueue:list()].'
}
stop() {
	kill "$(cat /tmp/rabbit.pid)"
	end $server 0
	epmd -kill >/dev/null
}

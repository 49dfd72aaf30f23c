<?php
$n = (int)$_GET["n"];
$f = tempnam("/tmp", "php");
file_put_contents($f, str_repeat("line\n", 100));
$lines = count(file($f));
unlink($f);
$echo = trim(shell_exec("echo child"));
usleep(1000);
echo "$n $lines $echo ", hash("sha256", (string)$n), " ", json_encode(array_sum(range(1, 1000))), "\n";

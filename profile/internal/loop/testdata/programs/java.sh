# program: OpenJDK: a compiler and what it made
# packages: openjdk-17-jdk-headless
# needs: /usr/lib/jvm/java-17-openjdk-amd64/bin/javac
# etc: java-17-openjdk
work() {
	PATH=/usr/lib/jvm/java-17-openjdk-amd64/bin:$PATH
	javac -d /tmp/classes /programs/Work.java
	java -Xmx64m -cp /tmp/classes Work
}

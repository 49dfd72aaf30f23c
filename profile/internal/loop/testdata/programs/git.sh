# program: git
# packages: git
# needs: /usr/bin/git
# short
# engines
work() {
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@a GIT_AUTHOR_DATE='@0 +0000' GIT_COMMITTER_DATE='@0 +0000'
	git init -q -b main r && cd r
	for i in 1 2 3; do seq $i 100 >f$i && git add . && git commit -q -m "commit $i"; done
	git checkout -q -b side HEAD~1 && echo side >side && git add side && git commit -q -m side && git checkout -q main && git merge -q -m merge side
	git log --oneline --graph && git gc -q && git fsck --no-progress
	cd .. && git clone -q r clone 2>/dev/null && git -C clone rev-parse HEAD && echo more >>clone/f1 && git -C clone diff --stat && git -C clone stash -q && git -C clone status --short
	git -C r archive HEAD | wc -c && git -C clone fetch -q && git -C clone grep -c 50 && git -C r bisect start HEAD HEAD~2 >/dev/null && git -C r bisect reset 2>/dev/null
}

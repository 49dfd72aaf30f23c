package profile_test

import "runtime"

const goarch = runtime.GOARCH

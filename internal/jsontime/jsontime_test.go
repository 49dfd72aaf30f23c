package jsontime

import (
	"testing"
	"time"
)

func TestRoundTrip(t *testing.T) {
	for text, millis := range map[string]int64{
		"1970-01-01T00:00:00.000Z": 0,
		"2024-06-01T12:00:00.007Z": 1717243200007,
		"9999-12-31T23:59:59.999Z": 253402300799999,
	} {
		if got := string(Append(nil, millis)); got != text || !Representable(millis) {
			t.Errorf("%d is %s, want %s", millis, got, text)
		}
		at, err := Parse(text)
		if err != nil || at.UnixMilli() != millis || at.Location() != time.UTC || *OrNil(at) != text {
			t.Errorf("%s is %v, %v", text, at, err)
		}
	}
	for _, millis := range []int64{-1, 253402300800000} {
		if Representable(millis) {
			t.Errorf("%d can be told", millis)
		}
	}
	if OrNil(time.Time{}) != nil {
		t.Error("no time has a text")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "2024-06-01", "2024-06-01T12:00:00Z", "2024-06-01T12:00:00.0070Z", "2024-06-01T12:00:00.007+00:00",
		"1969-12-31T23:59:59.999Z", "2024-06-01t12:00:00.007z", "2024-06-01T12:00:00,007Z",
	} {
		if at, err := Parse(text); err == nil {
			t.Errorf("%q is %v", text, at)
		}
	}
}

// An application in Go, behind form.conf: go run main.go
// It listens on this machine only: a client that reaches it directly could claim any name.
package main

import (
	"encoding/json"
	"html"
	"log"
	"net/http"
	"os"
)

// httpd has removed the header that a client sent, and has set it for a user who is signed in.
func user(r *http.Request) string { return r.Header.Get("X-Remote-User") }

func home(w http.ResponseWriter, r *http.Request) {
	name := user(r)
	if name == "" {
		name = "visitor"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte("<h1>Hello " + html.EscapeString(name) + "</h1>" +
		`<a href="/sessions">Where you are signed in</a> <a href="/logout">Sign out</a>`))
}

func me(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"user": user(r)})
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	http.HandleFunc("/", home)
	http.HandleFunc("/me", me)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}

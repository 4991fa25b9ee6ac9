// Silent uses the words of package locale and renders no message.
package main

import "github.com/passwd-go/passwd/locale"

func main() { println(locale.Match("de").Label("sign_in")) }

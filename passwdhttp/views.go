package passwdhttp

import "strings"

// View is what every template is executed with. All of it is plain text; the
// templates escape it.
//
// The pages are made by one template, layout.html, of the blocks title, head,
// header, main, summary, intro, devices, form, field, links and footer. Config.Templates
// overrides any of them: the files in and below its folder partials whose names end in
// .html, in the order of their paths, and then its layout.html are parsed after the
// built-in one for all pages, and a file named
// after one page for that page alone: change, forced, forgot, sent, forgot_code,
// reset_code, reset, invitation, done, expired, cancel, error, devices, landing, sign_in. A file that consists
// of {{define}} blocks replaces just those. A partial is {{template "partials/nav.html" .}},
// or the blocks that it defines. Any other file is an error of [Pages], and so is a block
// of the layout or a page that no template has. Whatever is shown comes in a View, so a
// template without scripts and styles of its own needs nothing else.
type View struct {
	Page      string // the page's name, as above
	Title     string // of the document; begins with "Error:" if there are problems
	Heading   string
	Language  string // BCP 47, for lang
	Direction string // "ltr" or "rtl", for dir

	Name, Logo, Home string // of the site: Config.Name, Logo and HomeURL
	Style, Script    string // URLs of the style sheet and script of the pages
	Stylesheet       string // Config.Stylesheet

	// Said is what has been done, which is announced; "" if nothing has.
	Said string
	// Onward is where the page leads by itself; "" if it stays. It is for a meta
	// element: the policy on forms blocks a redirect to where another origin is next.
	Onward string

	// Notice is what to know before anything else, with a form that does something about
	// it, which may be nil; nil if there is nothing.
	Notice *Notice

	Summary  string    // heading of the problems
	Problems []Problem // empty if nothing is wrong
	Intro    []string  // paragraphs
	Form     *Form     // nil on pages without one
	Second   *Form     // another without fields, for the other answer; nil if there is none
	Action   *Link     // the one way on, as a button; nil if there is none
	Links    []Link

	Data any // what Config.Data has returned for this request

	Devices  []Device  // on the page devices: the one used last first
	Fragment *Fragment // on the page landing, else nil
}

// Problem is one thing that is wrong with what was submitted.
type Problem struct {
	Field string // ID of the field; "" if it is about no field
	Text  string
}

// Notice is something to know.
type Notice struct {
	Text string
	Form *Form
}

// Link leads to another page.
type Link struct {
	URL, Text string
}

// Form is the form of a page. It is posted, without any attribute that makes the browser
// validate it: the page reports errors, in its language.
type Form struct {
	Action string
	Hidden []Hidden
	Fields []Field
	Submit string // text of the button
	Busy   string // text of the button once it has been pressed; "" if it stays
	// DescribedBy is the ID of what distinguishes this button from others with the same
	// text; "" if there are none.
	DescribedBy string
}

// Device is a session of an account.
type Device struct {
	ID    string // of the heading
	Name  string
	This  string // says that it is this one; "" if it is another
	Facts []Fact
	// Raw is what the device says about itself, in its own words; "" if nothing. RawLabel
	// is what that is called.
	Raw, RawLabel string
	End           *Form // ends it; nil for this one, unless people sign in on the ready page
}

// Fact is one thing that is known of a device.
type Fact struct {
	Label, Text string
	DateTime    string // the Text of a time for machines: RFC 3339, in UTC; else ""
}

// Fragment has the script hand on the token that is behind the "#" of a link. A host's own
// layout has an element for that, as the built-in one does: with the attributes
// data-fragment and data-without, besides View.Script.
type Fragment struct {
	Action  string // where the form with the field token is posted
	Without string // where to go if there is none
	Hidden  []Hidden
}

// Hidden is a value that a form carries along.
type Hidden struct {
	Name, Value string
}

// Field is one field of a form. Its ID is its name.
type Field struct {
	ID           string
	Label        string
	Type         string        // "text", "password", "email" or "tel"
	Autocomplete string        // the token of HTML's autofill
	InputMode    string        // "" for the usual keyboard
	EnterKey     string        // label of a phone's enter key (enterkeyhint); "" for the usual
	Value        string        // of a field that is read only, or a login or code that has been typed before
	Requirements []Requirement // what is asked for
	Errors       []string      // what is wrong, apart from requirements that are not met
	Notes        []string      // what may not have been meant, and what would be better
	Invalid      bool          // something is wrong
	Required     bool
	ReadOnly     bool
	Concealed    bool // there for password managers only

	MinLength     int    // 0 if there is none
	PasswordRules string // for password managers; "" if there are none
	// Show and Hide name the button that shows a password; ShowText and HideText, parts of
	// these names, are what it says beside the field. "" if there is no button.
	Show, Hide, ShowText, HideText string
	Check                          *Check // nil if what is typed is not checked
}

// DescribedBy returns the IDs of the hint, errors and notes of a field, as
// aria-describedby wants them.
func (f Field) DescribedBy() string {
	var ids []string
	for _, part := range []struct {
		name  string
		shown bool
	}{{"hint", len(f.Requirements) > 0}, {"error", len(f.Errors) > 0}, {"notes", len(f.Notes) > 0}} {
		if part.shown {
			ids = append(ids, f.ID+"-"+part.name)
		}
	}
	return strings.Join(ids, " ")
}

// Check makes the script ask the API about a password while it is typed.
type Check struct {
	URL      string
	Cookie   string // "reset", "ticket", or "" for a signed-in user
	Strength string // label of the meter
	Levels   string // names of the scores 0 to 4, with "|" between them
	// Met and Unmet are read out before a requirement, to people who cannot see its sign.
	Met, Unmet string
	Weak       string // what to say of a password that is allowed, but easy to guess
}

// Requirement is one thing that is asked of a password.
type Requirement struct {
	Text   string
	Key    string // by which the script finds it
	Judged bool   // the check tells whether it is met
	Unmet  string // said before it if it is known not to be met; else ""
}

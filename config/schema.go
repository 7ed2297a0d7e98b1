package config

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// withVariable matches a value that has a variable in it, whose form is known when
// it is expanded.
const withVariable = `\$\{`

// object is a JSON object; it is written with its keys in alphabetical order.
type object = map[string]any

// Schema returns the JSON Schema (draft 2020-12) of the configuration file, from
// which editors complete keys and mark errors. A file that Parse takes is valid by
// it; one that is valid may still have faults that only Parse knows.
func Schema() []byte {
	defs, moved := object{}, object{}
	for i := range siteKeys {
		k := &siteKeys[i]
		defs[k.name] = k.schema()
		moved[k.name] = false
	}
	site := object{
		"type": "object", "additionalProperties": false, "required": []string{"hosts", "origin"},
		"properties": referTo(siteKeys),
	}
	properties := referTo(siteKeys)
	for i := range serverKeys {
		properties[serverKeys[i].name] = serverKeys[i].schema()
	}
	sites := find(fileKeys, "sites")
	properties[sites.name] = object{"type": "array", "minItems": 1, "description": sites.description(), "items": object{"$ref": "#/$defs/site"}}
	defs["site"] = site
	schema := object{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "Configuration of reprint serve",
		"description": "See docs/configuration.md.",
		"type":        "object", "additionalProperties": false,
		"properties": properties,
		"$defs":      defs,
		"if":         object{"required": []string{"sites"}},
		"then":       object{"properties": moved},
		"else":       object{"required": []string{"origin"}},
	}
	data, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("config: the schema cannot be written: %v", err)) // it is made of maps and strings
	}
	return append(data, '\n')
}

// referTo returns properties that refer to the definitions of site keys.
func referTo(keys []key) object {
	properties := object{}
	for i := range keys {
		properties[keys[i].name] = object{"$ref": "#/$defs/" + keys[i].name}
	}
	return properties
}

// schema returns the schema of what stands under a key.
func (k *key) schema() object {
	s := k.valueSchema()
	if k.list {
		s = object{"type": "array", "items": s}
		if !k.mayEmpty {
			s["minItems"] = 1
		}
		if k.kind != kindMapping {
			s["uniqueItems"] = true
		}
	}
	s["description"] = k.description()
	if k.def != "" {
		s["default"] = parsedExample(k.def)
	}
	if k.example != "" {
		s["examples"] = []any{parsedExample(k.example)}
	}
	return s
}

// valueSchema returns the schema of one value of the key's kind.
func (k *key) valueSchema() object {
	switch k.kind {
	case kindText, kindSecret:
		return k.textSchema()
	case kindDuration:
		return object{"type": "string", "pattern": durationForm.String() + "|" + withVariable}
	case kindSize:
		return object{"type": "string", "pattern": sizeForm.String() + "|" + withVariable}
	case kindCount:
		number := object{"type": "integer", "minimum": k.min}
		if k.max > 0 {
			number["maximum"] = k.max
		}
		return orVariable(number)
	case kindShare:
		return orVariable(object{"type": "number", "minimum": 0, "maximum": 1})
	case kindPercent:
		return object{"type": "string", "pattern": percentForm.String() + "|" + withVariable}
	case kindFlag:
		return orVariable(object{"type": "boolean"})
	case kindChoice:
		return orVariable(object{"enum": k.allowed})
	case kindMapping:
		return k.mappingSchema()
	case kindHeaders:
		return object{"type": "object", "additionalProperties": object{"type": "string", "minLength": 1}}
	case kindVariant:
		return object{"anyOf": []any{object{"type": "string", "minLength": 1}, k.mappingSchema()}}
	}
	panic(fmt.Sprintf("config: no schema for kind %d", k.kind))
}

func (k *key) textSchema() object {
	switch {
	case k.form != "":
		return object{"type": "string", "pattern": k.form + "|" + withVariable}
	case k.mayBlank:
		return object{"type": "string"}
	}
	return object{"type": "string", "minLength": 1}
}

func orVariable(s object) object {
	return object{"anyOf": []any{s, object{"type": "string", "pattern": withVariable}}}
}

func (k *key) mappingSchema() object {
	properties := object{}
	var required []string
	for i := range k.keys {
		sub := &k.keys[i]
		properties[sub.name] = sub.schema()
		if sub.required {
			required = append(required, sub.name)
		}
	}
	s := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	if len(k.oneOf) > 0 {
		s["oneOf"] = eachRequired(k.oneOf)
	}
	if len(k.anyOf) > 0 {
		s["anyOf"] = eachRequired(k.anyOf)
	}
	return s
}

func eachRequired(names []string) []any {
	var all []any
	for _, name := range names {
		all = append(all, object{"required": []string{name}})
	}
	return all
}

// description returns the sentences of a key for an editor, which shows plain text.
func (k *key) description() string {
	text := k.doc
	if k.absent != "" {
		text += " Left out: " + k.absent + "."
	}
	if k.restart && k.kind != kindMapping {
		text += " A change needs a restart."
	}
	return strings.ReplaceAll(text, "`", "")
}

// parsedExample reads a value of the table as an editor would write it.
func parsedExample(text string) any {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		panic(fmt.Sprintf("config: %q in the table is not YAML: %v", text, err)) // a test reads all of them
	}
	return v
}

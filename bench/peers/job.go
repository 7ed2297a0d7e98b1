package main

import "fmt"

// job is one kind of load on one set of pages.
type job struct {
	Pages       int  `json:"pages"` // that are stored
	Hot         int  `json:"hot"`   // that are asked for in turn, the first of them
	Size        int  `json:"size"`
	Gzip        bool `json:"gzip"`
	Connections int  `json:"connections"`

	// MissEvery makes each so many-th request one for a path never seen before.
	MissEvery int `json:"missEvery,omitempty"`
	// Durable keeps the pages of reprint in its store on disk, beyond memory.
	Durable bool `json:"durable,omitempty"`
	// Unsynced keeps that store in a file system in memory, where a sync takes no time.
	Unsynced bool `json:"unsynced,omitempty"`
	// Changing gives each render a version of its own.
	Changing bool `json:"changing,omitempty"`
	// Revalidations is how many pages a second are revalidated meanwhile.
	Revalidations int `json:"revalidations,omitempty"`
	// Batch is how many pages one call revalidates; at least 1.
	Batch int `json:"batch"`
}

// job is the load that the flags describe.
func (o options) job() job {
	return job{Pages: o.pages, Hot: o.pages, Size: o.size, Connections: o.connections, Batch: o.batch}
}

func (j job) encoding() string {
	if j.Gzip {
		return "gzip"
	}
	return "identity"
}

// files names what is made for a job, so that jobs with the same pages share it.
func (j job) files() string {
	name := fmt.Sprintf("%dx%d", j.Pages, j.Size)
	if j.Changing {
		name += "-changing"
	}
	return name
}

// String says what is special about it.
func (j job) String() string {
	text := fmt.Sprintf("%s, %s pages of %s, %d connections", j.encoding(), count(float64(j.Pages)), bytesText(float64(j.Size)), j.Connections)
	if j.MissEvery > 0 {
		text += fmt.Sprintf(", 1 of %d new", j.MissEvery)
	}
	if j.Revalidations > 0 {
		text += fmt.Sprintf(", %d revalidations a second", j.Revalidations)
		if j.Batch > 1 {
			text += fmt.Sprintf(", %d in a call", j.Batch)
		}
	}
	return text
}

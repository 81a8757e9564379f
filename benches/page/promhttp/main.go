// A server that holds the series of an exposition in client_golang's gauge vectors and serves them by promhttp.
//
// promhttp FILE: writes "listening ADDRESS". To "refresh N" on its standard input it replaces a five-hundredth of the
// tasks' series N times, and answers "refreshed". It ends with its input.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A series that has a task's id among its labels, and the place of that id.
type series struct {
	family *prometheus.GaugeVec
	labels []string
	id     int
}

type store struct {
	registry *prometheus.Registry
	families map[string]*prometheus.GaugeVec
	tasks    []series
	next     int
	fresh    int
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: promhttp FILE")
	}
	held := &store{registry: prometheus.NewRegistry(), families: map[string]*prometheus.GaugeVec{}}
	if err := held.read(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/metrics", promhttp.HandlerFor(held.registry, promhttp.HandlerOpts{}))
	go func() { log.Fatal(http.Serve(listener, nil)) }()
	fmt.Println("listening", listener.Addr())
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		var times int
		if _, err := fmt.Sscanf(input.Text(), "refresh %d", &times); err != nil {
			log.Fatal(err)
		}
		for ; times > 0; times-- {
			held.refresh()
		}
		fmt.Println("refreshed")
	}
}

func (s *store) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	// Values that repeat are kept once, and none keeps its line alive.
	known := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		name, names, labels := parse(line)
		value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return err
		}
		id := -1
		for i, label := range labels {
			if _, ok := known[label]; !ok {
				known[strings.Clone(label)] = strings.Clone(label)
			}
			labels[i] = known[label]
			if names[i] == "task_id" {
				id = i
			}
		}
		family := s.families[name]
		if family == nil {
			family = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: strings.Clone(name), Help: "The same."}, clone(names))
			s.families[strings.Clone(name)] = family
			if err := s.registry.Register(family); err != nil {
				return err
			}
		}
		family.WithLabelValues(labels...).Set(value)
		if id >= 0 {
			s.tasks = append(s.tasks, series{family, labels, id})
		}
	}
	return lines.Err()
}

// The name of a series, and the names and values of its labels.
func parse(line string) (name string, names, labels []string) {
	at := strings.IndexAny(line, "{ ")
	name = line[:at]
	if line[at] == ' ' {
		return
	}
	for at++; line[at] != '}'; {
		equals := at + strings.IndexByte(line[at:], '=')
		end := equals + 2
		for line[end] != '"' {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		label, err := strconv.Unquote(line[equals+1 : end+1])
		if err != nil {
			log.Fatal(err)
		}
		names, labels = append(names, line[at:equals]), append(labels, label)
		at = end + 1
		if line[at] == ',' {
			at++
		}
	}
	return
}

func (s *store) refresh() {
	for range len(s.tasks) / 500 {
		old := s.tasks[s.next]
		old.family.DeleteLabelValues(old.labels...)
		s.fresh++
		old.labels[old.id] = fmt.Sprintf("%08x-3b5f-4c1d-9a70-%012x", uint32(s.fresh)*0x9e3779b9, s.fresh)
		old.family.WithLabelValues(old.labels...).Set(1)
		s.next = (s.next + 1) % len(s.tasks)
	}
}

func clone(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, strings.Clone(text))
	}
	return out
}

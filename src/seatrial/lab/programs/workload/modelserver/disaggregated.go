package modelserver

// Transfer stands for a key-value cache that goes from the server that prefilled to the one that decodes. Nothing but
// this note travels: the cache itself is simulated.
type Transfer struct {
	From      string `json:"from"`
	Request   string `json:"request"`
	Tokens    int    `json:"tokens"`
	Simulated bool   `json:"simulated"`
}

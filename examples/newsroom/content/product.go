package content

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Shelves are the topics of products.
var Shelves = []string{"Books", "Prints", "Ceramics", "Records", "Paper", "Pantry", "Charts"}

// Product is something the shop sells.
type Product struct {
	Item
	Price Pence
	Stock int // how many are left
}

// Kind returns KindProduct.
func (p *Product) Kind() Kind { return KindProduct }

// Common returns what p shares with other records.
func (p *Product) Common() *Item { return &p.Item }

func (p *Product) lists() []string { return []string{KindProduct.ListTag()} }

// order is empty: lists of products are in the order of their IDs.
func (p *Product) order() string { return "" }

const selectProducts = `SELECT id, topic, title, summary, body, visible, price, stock FROM products `

func scanProduct(row scanner) (*Product, error) {
	var p Product
	err := row.Scan(&p.ID, &p.Topic, &p.Title, &p.Summary, &p.Body, &p.Visible, &p.Price, &p.Stock)
	return &p, err
}

func (p *Product) insert() (string, []any) {
	return `INSERT INTO products (topic, title, summary, body, visible, price, stock) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		[]any{p.Topic, p.Title, p.Summary, p.Body, p.Visible, p.Price, p.Stock}
}

func (p *Product) update() (string, []any) {
	return `UPDATE products SET topic = ?, title = ?, summary = ?, body = ?, visible = ?, price = ?, stock = ? WHERE id = ?`,
		[]any{p.Topic, p.Title, p.Summary, p.Body, p.Visible, p.Price, p.Stock, p.ID}
}

// Product returns one product.
func (v View) Product(ctx context.Context, id int64) (*Product, error) {
	return one(ctx, v.db, scanProduct, selectProducts+`WHERE id = ? AND (visible OR ?)`, id, v.hidden)
}

// Products returns the window w of the products, the newest first.
func (v View) Products(ctx context.Context, w Window) ([]*Product, error) {
	return all(ctx, v.db, scanProduct, selectProducts+`WHERE visible OR ? ORDER BY id DESC LIMIT ? OFFSET ?`, v.hidden, w.Limit, w.Offset)
}

// Pence is an amount of money.
type Pence int64

// String writes the amount as people read it: "£12.50".
func (p Pence) String() string { return "£" + p.Decimal() }

// Decimal writes the amount without its sign: "12.50".
func (p Pence) Decimal() string { return fmt.Sprintf("%d.%02d", int64(p)/100, int64(p)%100) }

var errPrice = errors.New("write a price in pounds and pence, like 12.50")

// ParsePence reads "12.50", "12.5", "12" or "£12.50".
func ParsePence(s string) (Pence, error) {
	pounds, pence, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(s), "£"), ".")
	if len(pence) > 2 || len(pounds) > 7 {
		return 0, errPrice
	}
	n, err := strconv.ParseUint(pounds+(pence + "00")[:2], 10, 63)
	if err != nil || pounds == "" {
		return 0, errPrice
	}
	return Pence(n), nil
}

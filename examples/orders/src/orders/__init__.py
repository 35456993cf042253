"""Take orders: items, stock, pricing, coupons and receipts."""

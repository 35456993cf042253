def is_gift(order) -> bool:
    return order.is_free()

"""What goes over the wire: pydantic models of requests and answers. The OpenAPI document is made from them."""

"""Reading blind: predictions stay hidden until a slide is marked as read."""

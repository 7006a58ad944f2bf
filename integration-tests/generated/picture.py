"""A picture of 2 by 3 pixels, as PNG."""

import base64

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAFklEQVR42mNgCKgAIY2ACg0QK6ACiAA05QWhyqYXYAAAAABJRU5ErkJggg=="
)

"""What clients of OpenAI's API send: types, limits, and the common form into which all of it is translated.

Fields that these types don't define are ignored, as other servers with this API do: clients send new ones long before
anybody needs them. Fields that ask for something that this server can't do are refused by name.
"""

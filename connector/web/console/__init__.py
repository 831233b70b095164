"""The console: what a finance person works with in a browser of this computer. It calls `connector.app`, and decides
nothing about money itself."""

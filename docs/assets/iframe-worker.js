// A page that was opened from a file may start no worker, so the search runs in a hidden frame instead: it gets and sends the
// same messages. On a server this file does nothing.
(() => {
  if (location.protocol !== "file:") {
    return;
  }
  window.Worker = class FrameWorker extends EventTarget {
    constructor(address) {
      super();
      this.onmessage = null;
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.title = "search";
      const ready = new Promise((resolve) => this.frame.addEventListener("load", resolve, { once: true }));
      this.loaded = ready;
      window.addEventListener("message", (event) => {
        if (event.source !== this.frame.contentWindow) {
          return;
        }
        const told = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(told);
        if (this.onmessage) {
          this.onmessage(told);
        }
      });
      // In the frame the names of a worker mean the page around it; scripts of a language would be loaded one after the other.
      this.frame.srcdoc = `<!doctype html><script>
        window.postMessage = (message) => parent.postMessage(message, "*");
        window.importScripts = (...addresses) => addresses.reduce((before, address) => before.then(() => new Promise((resolve) => {
          const script = document.createElement("script");
          script.src = address;
          script.onload = resolve;
          document.head.append(script);
        })), Promise.resolve());
      <\/script><script src="${new URL(address, document.baseURI)}"><\/script>`;
      document.body.append(this.frame);
    }

    postMessage(message) {
      this.loaded.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data: message })));
    }

    terminate() {
      this.frame.remove();
    }
  };
})();

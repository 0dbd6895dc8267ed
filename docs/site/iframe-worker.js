// Pages that are opened from a folder may start no worker, and the site's search runs in one. There an invisible frame
// takes its place: it loads the same script, and messages go to and fro. On a server nothing changes.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      this.waiting = []; // until the frame has loaded its script
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc =
        "<script>self.postMessage = said => parent.postMessage({fromWorker: said}, '*')</script>" +
        `<script src="${new URL(url, document.baseURI)}"></script>`;
      this.frame.onload = () => {
        const waiting = this.waiting;
        this.waiting = null;
        waiting.forEach((said) => this.postMessage(said));
      };
      this.heard = (event) => {
        if (event.source === this.frame.contentWindow && event.data && "fromWorker" in event.data)
          this.onmessage?.({ data: event.data.fromWorker });
      };
      window.addEventListener("message", this.heard);
      document.documentElement.append(this.frame);
    }
    postMessage(said) {
      if (this.waiting) this.waiting.push(said);
      else setTimeout(() => this.frame.contentWindow?.onmessage?.({ data: structuredClone(said) }));
    }
    terminate() {
      window.removeEventListener("message", this.heard);
      this.frame.remove();
    }
  };
}

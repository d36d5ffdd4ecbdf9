// Makes the first page handier where a browser can: drop a file anywhere, paste
// a picture or a file, scan a code with the camera. Whatever comes in goes
// through the form, which does all of it without this script too. Nothing is
// kept, and nothing is sent but by the form.
(() => {
  'use strict';
  const form = document.querySelector('form.check');
  const file = form.querySelector('input[type=file]');
  const address = form.querySelector('#address');
  const box = form.querySelector('.scan');
  const status = box.querySelector('[role=status]');

  // bring sends one file by the form.
  const bring = brought => {
    const list = new DataTransfer();
    list.items.add(brought);
    file.files = list.files;
    form.requestSubmit();
  };

  form.querySelector('.drop').hidden = false;
  for(const kind of ['dragover', 'dragleave', 'drop']) {
    addEventListener(kind, event => {
      const files = [...event.dataTransfer.types].includes('Files');
      if(files) {
        event.preventDefault();
      }
      form.classList.toggle('over', files && kind === 'dragover');
      if(kind === 'drop' && event.dataTransfer.files.length > 0) {
        bring(event.dataTransfer.files[0]);
      }
    });
  }
  addEventListener('paste', event => {
    if(event.clipboardData.files.length > 0) {
      event.preventDefault();
      bring(event.clipboardData.files[0]);
    }
  });

  // found takes what a code says. An address of this service is shown and
  // followed; any other waits in the form for the reader to send it.
  const found = text => {
    address.value = text;
    status.textContent = box.dataset.found + ' ' + text;
    let to;
    try {
      to = new URL(text);
    } catch{
      address.focus(); // a printed code, or something else that the form will judge
      return;
    }
    const ours = to.origin === location.origin && /^\/(v|credentials)\/[\w-]+$/.test(to.pathname);
    if(ours && to.hash === '') {
      location.assign(to);
    } else {
      form.querySelector('button[type=submit]').focus();
    }
  };

  // scan looks through the camera until a code is seen or the reader stops.
  const scan = async (button, video) => {
    const detector = new BarcodeDetector({formats: ['qr_code']});
    const stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: 'environment'}, audio: false});
    const idle = button.textContent;
    let on = true;
    const stop = () => {
      on = false;
      stream.getTracks().forEach(track => track.stop());
      video.srcObject = null;
      video.hidden = true;
      button.textContent = idle;
      button.onclick = start;
    };
    button.textContent = box.dataset.stop;
    button.onclick = stop;
    video.srcObject = stream;
    video.hidden = false;
    try {
      await video.play();
    } catch(failure) {
      stop();
      throw failure;
    }
    while(on) {
      const [code] = await detector.detect(video).catch(() => []);
      if(code) {
        stop();
        found(code.rawValue);
      }
      await new Promise(resolve => setTimeout(resolve, 150));
    }
  };

  const button = box.querySelector('button');
  const start = () => {
    status.textContent = '';
    button.onclick = null; // a second tap, while the reader is asked, would open a second stream that nobody stops
    scan(button, box.querySelector('video')).catch(() => {
      status.textContent = box.dataset.failed;
      button.onclick = start;
    });
  };
  const able = async () => 'BarcodeDetector' in window && navigator.mediaDevices?.getUserMedia &&
    (await BarcodeDetector.getSupportedFormats()).includes('qr_code');
  able().then(yes => {
    if(yes) {
      button.onclick = start;
      box.hidden = false;
    }
  }).catch(() => {});
})();

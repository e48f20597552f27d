// Front end of topicdesk.annotation.widget: displays the state from Python and sends the actions of keys and buttons.
// Article text is untrusted: always set it as text, never as markup.

const ANSWER_WITHIN = 5000; // milliseconds to wait before reporting that the kernel does not respond

const SPOKEN = 120; // characters of a text without a title that a screen reader hears when the text changes

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function helpText(codebook) {
  const keys = [
    ["1 – 9", "select or deselect a topic, most prominent first"],
    ["Enter", "save and continue; no selection means no topic"],
    ["Z", "undo the last decision"],
    ["S", "skip; the article is shown again at the end"],
    ["N", "write a note; Enter or Escape leaves the field"],
    ["?", "show or hide this help"],
  ];
  const list = make("dl", { className: "td-keys" });
  for (const [key, meaning] of keys) list.append(make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: meaning }));
  const help = make("div", { className: "td-help", hidden: true }, list, make("p", { textContent: codebook.rule }));
  for (const topic of codebook.topics) {
    help.append(
      make("h4", { textContent: topic.title }),
      make("p", { textContent: topic.definition }),
      lines("Includes", topic.includes),
      lines("Excludes", topic.excludes),
      lines("Examples", topic.examples),
    );
  }
  help.append(lines("Rules for edge cases", codebook.edges));
  return help;
}

function lines(title, items) {
  if (!items.length) return "";
  const list = make("ul");
  for (const item of items) list.append(make("li", { textContent: item }));
  return make("div", {}, make("strong", { textContent: title }), list);
}

function render({ model, el }) {
  const codebook = model.get("codebook");
  let chosen = [];
  let timer = null;

  const status = make("p", { className: "td-status" });
  status.setAttribute("role", "status");
  // Tells screen readers that the article has changed.
  const spoken = make("p", { className: "td-spoken" });
  spoken.setAttribute("aria-live", "polite");
  const meta = make("p", { className: "td-meta" });
  const title = make("h3", { className: "td-title" });
  const text = make("div", { className: "td-text", tabIndex: 0 });
  text.setAttribute("role", "region");
  text.setAttribute("aria-label", "Text of the article");
  const answers = make("dl", { className: "td-answers" });
  const topics = make("div", { className: "td-topics" });
  topics.setAttribute("role", "group");
  topics.setAttribute("aria-label", "Topics");
  const note = make("input", { className: "td-note", placeholder: "Note (N)" });
  note.setAttribute("aria-label", "Note");
  const progress = make("p", { className: "td-progress" });
  const counts = make("p", { className: "td-counts" });
  const help = helpText(codebook);

  const buttons = codebook.topics.map((topic, place) => {
    const key = place < 9 ? make("kbd", { textContent: String(place + 1) }) : "";
    const button = make("button", { type: "button", className: "td-topic", onclick: () => toggle(topic.name) }, key, make("span", { textContent: topic.title }), make("small"));
    button.title = [topic.definition, ...topic.includes.map((line) => `+ ${line}`), ...topic.excludes.map((line) => `– ${line}`)].join("\n");
    button.setAttribute("aria-description", topic.definition);
    topics.append(button);
    return button;
  });
  const action = (label, what, className = "") => make("button", { type: "button", textContent: label, className: `td-action ${className}`, onclick: what });
  const save = action("Save (Enter)", () => send("decide"), "td-save");
  const actions = make("div", { className: "td-actions" }, save, action("Undo (Z)", () => send("undo")), action("Skip (S)", () => send("skip")), action("Help (?)", () => (help.hidden = !help.hidden)));

  const root = make("section", { className: "td-annotate", tabIndex: 0 }, meta, title, text, answers, topics, note, actions, status, progress, counts, spoken, help);
  root.setAttribute("aria-label", `Annotate: ${codebook.title}`);
  // Without this, JupyterLab handles Z (undo a cell) and Enter (edit a cell).
  root.dataset.lmSuppressShortcuts = "true";

  function toggle(name) {
    chosen = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name];
    showChosen();
  }

  function showChosen() {
    codebook.topics.forEach((topic, place) => {
      const at = chosen.indexOf(topic.name);
      buttons[place].setAttribute("aria-pressed", String(at >= 0));
      buttons[place].lastChild.textContent = at >= 0 && chosen.length > 1 ? `${at + 1}.` : "";
    });
  }

  function say(message, fault = false) {
    status.textContent = message;
    status.classList.toggle("td-fault", fault);
  }

  function send(what) {
    if (timer !== null) return; // waiting for the answer to an earlier request
    say("Saving …");
    timer = setTimeout(() => {
      timer = null;
      say("The kernel does not respond, so this decision is not saved. Restart the kernel and run the cell again. Saved decisions are not lost.", true);
    }, ANSWER_WITHIN);
    model.send({ do: what, serial: model.get("shown").serial, topics: chosen, note: note.value });
  }

  function show() {
    clearTimeout(timer);
    timer = null;
    const shown = model.get("shown");
    const article = shown.article;
    const done = article === null;
    for (const part of [meta, title, text, answers, topics, note, save]) part.hidden = done;
    progress.textContent = [done ? `Every article of the queue is labelled: ${shown.decided} in this session.` : `${shown.decided} labelled in this session, ${shown.left} left.`, shown.notice].join(" ").trim();
    counts.textContent = `In ${shown.file}: ${Object.entries(shown.counts).map(([name, count]) => `${name} ${count}`).join(" · ")}`;
    say(shown.message, shown.fault);
    chosen = done ? [] : [...article.chosen];
    showChosen();
    if (done) return;
    meta.textContent = [article.source, article.published, `article ${article.id}`].filter(Boolean).join(" · ");
    title.textContent = article.title;
    title.hidden = !article.title;
    title.lang = text.lang = article.language;
    text.replaceChildren(...article.paragraphs.map((parts) => make("p", {}, ...parts.map(([part, marked]) => (marked ? make("mark", { textContent: part }) : part)))));
    text.scrollTop = 0;
    answers.replaceChildren(...article.answers.flatMap(([who, what]) => [make("dt", { textContent: who }), make("dd", { textContent: what })]));
    answers.hidden = !article.answers.length;
    note.value = article.note;
    // Without a title, the beginning of the text.
    spoken.textContent = article.title || (article.paragraphs[0] ?? []).map(([part]) => part).join("").slice(0, SPOKEN);
  }

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === note) {
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        root.focus({ preventScroll: true });
      }
      return;
    }
    const number = Number(event.key);
    const onAction = event.target.classList.contains("td-action");
    if (number >= 1 && number <= Math.min(9, buttons.length)) toggle(codebook.topics[number - 1].name);
    else if (event.key === "Enter" && !onAction) {
      if (model.get("shown").article !== null) send("decide");
    } else if (event.key.toLowerCase() === "z") send("undo");
    else if (event.key.toLowerCase() === "s") {
      if (model.get("shown").article !== null) send("skip");
    } else if (event.key.toLowerCase() === "n") note.focus();
    else if (event.key === "?") help.hidden = !help.hidden;
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  el.append(root);
  show();
  model.on("change:shown", show);
  return () => {
    clearTimeout(timer);
    model.off("change:shown", show);
  };
}

export default { render };

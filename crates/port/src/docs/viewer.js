// Watched lists in Swagger UI. It waits for the end of an answer, and a stream has none: an operation that answers
// with a stream gets "Start", "Stop" and a list of events instead of "Execute". It is known by its answer.

import { LINES, SSE } from "./event_stream.js";
import { MOST_EVENTS, Watch } from "./watch.js";

/** The plugin for Swagger UI. */
export function Viewer({ React }) {
  const h = React.createElement;
  const watches = new Map();

  /** The watch of an operation. It outlives the drawing of it. */
  function watchOf(path, method) {
    const key = `${method} ${path}`;
    if (!watches.has(key)) watches.set(key, new Watch());
    return watches.get(key);
  }

  const useWatch = (watch) => React.useSyncExternalStore(watch.subscribe, watch.now);

  /** The button that begins, with the checks of Swagger UI. `Execute` is its own button, a class. */
  function starting(Execute) {
    return class Start extends Execute {
      handleValidationResultPass = () => {
        const { specActions, oas3Actions, operation, path, method, chosen } = this.props;
        const offered = types(operation);
        const value = offered.includes(chosen) ? chosen : offered[0];
        oas3Actions.setResponseContentType({ value, path, method });
        specActions.clearResponse(path, method);
        specActions.execute({ operation, path, method });
      };

      render() {
        const className = "btn execute opblock-control__btn";
        return h("button", { type: "button", className, onClick: this.onClick }, "Start");
      }
    };
  }

  function Control({ Start, ...props }) {
    const watch = watchOf(props.path, props.method);
    useWatch(watch);
    const chosen = props.oas3Selectors.responseContentType(props.path, props.method);
    // Who closes an operation or leaves it sees nothing more of it.
    React.useEffect(() => () => watch.stop(), [watch]);
    if (!watch.isRunning()) return h(Start, { ...props, chosen });
    const className = "btn cancel opblock-control__btn";
    return h("button", { type: "button", className, onClick: () => watch.stop() }, "Stop");
  }

  function Events({ watch }) {
    const { state, events, count, refusal, wait } = useWatch(watch);
    if (state === "idle") return null;
    const kept = count > MOST_EVENTS ? `, the latest ${events.length} are kept` : "";
    const many = `${count} ${count === 1 ? "event" : "events"}${kept}`;
    return h(
      "section",
      { className: "watched", "aria-label": "Events" },
      h(
        "p",
        { className: `watched-state is-${state}`, role: "status" },
        h("strong", null, STATES[state]),
        refusal && h("span", null, " ", h(Refusal, refusal)),
        wait !== undefined && h("span", null, ` It is asked again in ${Math.ceil(wait / 1_000)} s.`),
      ),
      h("p", { className: "watched-count" }, many),
      events.length > 0 &&
        h(
          "ol",
          { className: "watched-events", reversed: true },
          events.map((event) => h(Event, { key: event.number, event })),
        ),
    );
  }

  function Refusal({ title, details, reason }) {
    return h(React.Fragment, null, title, details && `: ${details}`, reason && h("code", null, reason), ".");
  }

  /** It is drawn again when it changes, and whole only while it is open: many may come, and each may be long. */
  const Event = React.memo(({ event }) => {
    const { at, kind, id, data, isCut, times } = event;
    const [isOpen, setOpen] = React.useState(false);
    return h(
      "li",
      null,
      h(
        "details",
        { onToggle: ({ currentTarget }) => setOpen(currentTarget.open) },
        h(
          "summary",
          null,
          h("time", { dateTime: at.toISOString() }, at.toLocaleTimeString()),
          h("span", { className: "watched-kind" }, times > 1 ? `${kind} × ${times}` : kind),
          h("code", { className: "watched-line" }, data.slice(0, 300)),
        ),
        isOpen && id && h("p", { className: "watched-id" }, "id ", h("code", null, id)),
        isOpen &&
          h(
            "pre",
            { tabIndex: 0, "aria-label": "Data" },
            isCut ? `${data}\n… the rest is not kept` : pretty(data),
          ),
      ),
    );
  });

  return {
    statePlugins: {
      spec: {
        wrapActions: {
          executeRequest: (execute) => (request) => {
            if (types(request.operation).length === 0) return execute(request);
            const watch = watchOf(request.pathName, request.method);
            const fetch = async (built) => watch.start(plain(await built.requestInterceptor(built)));
            return execute({ ...request, fetch });
          },
          clearResponse: (clear) => (path, method) => {
            watches.get(`${method} ${path}`)?.clear();
            return clear(path, method);
          },
        },
      },
    },
    wrapComponents: {
      execute: (Execute) => {
        const Start = starting(Execute);
        return (props) =>
          types(props.operation).length > 0 ? h(Control, { Start, ...props }) : h(Execute, props);
      },
      responses: (Responses) => (props) => {
        const watch = watches.get(`${props.method} ${props.path}`);
        return h(React.Fragment, null, watch && h(Events, { watch }), h(Responses, props));
      },
    },
  };
}

const STATES = {
  connecting: "Connecting …",
  open: "Connected: events appear as they come.",
  broken: "The stream broke off or ended.",
  resuming: "Going on behind the last event …",
  refused: "Refused:",
  stopped: "Stopped.",
};

/**
 * The description with streams before other forms of the same answer. Swagger UI offers the first one, and asks for
 * it: an array that ends with the stream would be waited for.
 */
export function streamsFirst(description) {
  const operations = Object.values(description.paths ?? {}).flatMap(Object.values);
  const answers = operations.flatMap(({ responses }) => Object.values(responses ?? {}));
  for (const answer of answers) {
    const content = answer.content ?? {};
    const streams = [SSE, LINES].filter((type) => type in content).map((type) => [type, content[type]]);
    if (streams.length > 0) answer.content = { ...Object.fromEntries(streams), ...content };
  }
  return description;
}

/** The kinds of stream that an operation answers with, the best first. */
export function types(operation) {
  const answers = operation?.get("responses");
  const good = answers?.filter((_, status) => /^2/.test(status)).toList() ?? [];
  const has = (type) => good.some((answer) => answer.getIn?.(["content", type]) !== undefined);
  return [SSE, LINES].filter(has);
}

/** The request as `fetch` takes it. */
const plain = ({ url, method, headers, body, credentials }) => ({ url, method, headers, body, credentials });

/** JSON on several lines, and any other text as it is. */
function pretty(data) {
  try {
    return JSON.stringify(JSON.parse(data), null, 2);
  } catch {
    return data;
  }
}

// What Swagger UI lacks for people who hear a page: names of its fields, and no link inside of a button.

/** The plugin for Swagger UI. */
export function Accessible({ React }) {
  const h = React.createElement;

  /** The component with a name that is heard. */
  const named = (name) => (Field) => (props) =>
    h("label", { className: "named" }, h("span", { className: "unseen" }, name(props)), h(Field, props));

  const parameter = ({ description, schema }) => description || schema?.get?.("title") || "Value";

  /** A dialog that holds the focus and ends with Escape, as a browser makes it. */
  function Popup(props) {
    const dialog = React.useRef();
    React.useEffect(() => dialog.current.showModal(), []);
    const Auths = props.getComponent("auths");
    const shown = props.authSelectors.shownDefinitions().valueSeq().toArray();
    const close = () => props.authActions.showDefinitions(false);
    return h(
      "dialog",
      { ref: dialog, className: "token-dialog", "aria-labelledby": "token-dialog", onClose: close },
      h("h2", { id: "token-dialog" }, "Authorize"),
      shown.map((definitions, key) => h(Auths, { ...props, key, definitions })),
    );
  }

  return {
    wrapComponents: {
      JsonSchema_boolean: named(parameter),
      JsonSchema_string: named(parameter),
      RequestBodyEditor: named(() => "Body of the request"),
      ExamplesSelect: named(() => "Example"),
      authorizationPopup: () => Popup,
      // What is heard has to hold what is seen.
      Button:
        (Button) =>
        ({ "aria-label": label, ...props }) =>
          h(Button, typeof props.children === "string" ? props : { ...props, "aria-label": label }),
      // The keyboard has to reach what scrolls.
      HighlightCode: (Code) => (props) =>
        h("div", { className: "code", tabIndex: 0, role: "group", "aria-label": "Code" }, h(Code, props)),
      // The button around the path of a call opens it, and the address of the page names it then.
      DeepLink: (DeepLink) => (props) =>
        String(props.path).includes("/") ? h("span", { className: "nostyle" }, props.text) : h(DeepLink, props),
    },
  };
}

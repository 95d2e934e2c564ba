import { serve } from "../provider";
import { kubernetes } from "./plugin";

serve(kubernetes());
